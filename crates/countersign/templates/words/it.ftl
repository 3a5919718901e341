# contract 1
# Italiano: iniziato. Ciò che manca è detto in inglese.

date-time = { $day } { $month } { $year }, ore { $time } UTC
month-1 = gennaio
month-2 = febbraio
month-3 = marzo
month-4 = aprile
month-5 = maggio
month-6 = giugno
month-7 = luglio
month-8 = agosto
month-9 = settembre
month-10 = ottobre
month-11 = novembre
month-12 = dicembre
within-minutes =
    { $count ->
        [one] entro un minuto
       *[other] entro { $count } minuti
    }
within-hours =
    { $count ->
        [one] entro un’ora
       *[other] entro { $count } ore
    }
within-days =
    { $count ->
        [one] entro un giorno
       *[other] entro { $count } giorni
    }

code = Oppure inserisca questo codice dove le viene richiesto:
lifetime-link = Il link funziona una sola volta, { $within } (fino al { $until }).
lifetime-link-code = Il link e il codice funzionano una sola volta, { $within } (fino al { $until }).
copy-link = Se il pulsante non funziona, copi questo indirizzo nel suo browser:
asked-from = Richiesto il { $at } dall’indirizzo di rete { $source }.
footer = { $product } invia questo messaggio automaticamente. Le risposte potrebbero non essere lette.
device = { $browser } su { $system }
reset-subject = Scelga una nuova password per { $product }
reset-title = Scegliere una nuova password
reset-text = Qualcuno, probabilmente lei, ha richiesto una nuova password per l’account { $username }. Quando la sceglierà, tutti i dispositivi verranno disconnessi.
reset-button = Scegli una nuova password
reset-ignore = Se non è stato lei, ignori questo messaggio: la sua password resta com’è.
