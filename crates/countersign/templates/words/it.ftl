# contract 1
# Italiano: tutti i messaggi, con il lei.

## Date e ore, sempre in UTC, e durate

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

## Tutte le e-mail

code = Oppure inserisca questo codice dove le viene richiesto:
lifetime-link = Il link funziona una sola volta, { $within } (fino al { $until }).
lifetime-link-code = Il link e il codice funzionano una sola volta, { $within } (fino al { $until }).
copy-link = Se il pulsante non funziona, copi questo indirizzo nel suo browser:
asked-from = Richiesto il { $at } dall’indirizzo di rete { $source }.
footer = { $product } invia questo messaggio automaticamente. Le risposte potrebbero non essere lette.
device = { $browser } su { $system }
fact-time = Data
fact-device = Dispositivo
fact-source = Indirizzo di rete

## Confermare un indirizzo

verify-subject = Confermi il suo indirizzo e-mail per { $product }
verify-title = Confermare l’indirizzo e-mail
verify-text = Confermi che { $address } è il suo indirizzo.
verify-button = Conferma l’indirizzo
verify-ignore = Se non l’ha richiesto lei, ignori questo messaggio: senza la sua conferma non succede nulla.

## Una nuova password

reset-subject = Scelga una nuova password per { $product }
reset-title = Scegliere una nuova password
reset-text = Qualcuno, probabilmente lei, ha richiesto una nuova password per l’account { $username }. Quando la sceglierà, tutti i dispositivi verranno disconnessi.
reset-button = Scegli una nuova password
reset-ignore = Se non è stato lei, ignori questo messaggio: la sua password resta com’è.

## Accedere per e-mail

sign-in-subject = Accesso a { $product }
sign-in-title = Accedere
sign-in-text = Può accedere come { $username } senza la sua password.
sign-in-button = Accedi
sign-in-ignore = Se non l’ha richiesto lei, ignori questo messaggio. Non dia il codice a nessuno, nemmeno a chi dice di essere di { $product }.

## Un account proprio

register-subject = Crei il suo account { $product }
register-title = Creare il suo account
register-text = Qualcuno, probabilmente lei, vuole creare un account { $product } e ha indicato { $address }. Scelga ora un nome utente e una password.
register-button = Crea l’account
register-ignore = Se non l’ha richiesto lei, ignori questo messaggio: senza di lei non viene creato alcun account.

## Qualcuno si registra con un indirizzo che ha già un account

already-registered-subject = Ha già un account { $product }
already-registered-title = Ha già un account
already-registered-text = Qualcuno, probabilmente lei, ha cercato di registrarsi con { $address }. Questo indirizzo appartiene all’account { $username }: acceda con quello. Se ha dimenticato la password, la pagina di accesso la aiuta a sceglierne una nuova.
already-registered-button = Vai alla pagina di accesso
already-registered-ignore = Se non è stato lei, non deve fare nulla. Nessuno ha saputo che ha un account.

## Un invito

invite-subject = Un invito a { $product }
invite-title = Ha ricevuto un invito
invite-text = Ha ricevuto un invito ad aprire un account { $product }. Per accettare, scelga un nome utente e una password.
invite-button = Accetta l’invito
invite-ignore = Se non desidera un account, ignori questo messaggio: senza di lei non ne viene creato alcuno.

## L’indirizzo di un account

address-changed-subject = Il nuovo indirizzo e-mail del suo account { $product }
address-changed-title = Il suo nuovo indirizzo e-mail
address-changed-text = { $address } è ora l’indirizzo e-mail dell’account { $username }. Da adesso i messaggi arrivano qui.
address-changed-ignore = Se non conosce questo account, avvisi chi gestisce { $product }.
address-undo-subject = L’indirizzo e-mail del suo account { $product } è stato cambiato
address-undo-title = Il suo indirizzo e-mail è stato cambiato
address-undo-text = L’indirizzo e-mail dell’account { $username } è stato cambiato in { $other_address } il { $at }. Se è stato lei, non deve fare nulla.
address-removed-text = L’indirizzo e-mail { $address } è stato rimosso dall’account { $username } il { $at }. Se è stato lei, non deve fare nulla.
address-undo-button = Annulla la modifica
address-undo-ignore = Se non è stato lei, qualcuno conosce la sua password. Annulli la modifica: tutti i dispositivi verranno disconnessi e la password non funzionerà più. Ne scelga poi una nuova.

## Avvisi

password-changed-subject = La sua password per { $product } è stata cambiata
password-changed-title = La sua password è stata cambiata
password-changed-text = La password dell’account { $username } è stata cambiata. Tutti gli altri dispositivi sono stati disconnessi.
password-changed-ignore = Se non è stato lei né l’amministrazione, qualcuno conosceva la sua password. Ne richieda subito una nuova nella pagina di accesso.
second-factor-changed-subject = Il secondo passaggio del suo accesso a { $product } è stato modificato
second-factor-changed-title = Il suo secondo passaggio è stato modificato
second-factor-changed-text = Un autenticatore dell’account { $username } è stato aggiunto o rimosso, oppure i suoi codici di recupero sono stati rinnovati. Se un autenticatore è stato aggiunto o rimosso, tutti gli altri dispositivi sono stati disconnessi.
second-factor-changed-ignore = Se non è stato né lei né l’amministrazione, qualcuno conosce la sua password. La cambi subito e controlli i suoi autenticatori nella pagina dell’account.
new-device-subject = Accesso a { $product } da un nuovo dispositivo
new-device-title = Accesso da un nuovo dispositivo
new-device-text = Qualcuno ha effettuato l’accesso all’account { $username } da un dispositivo non ancora noto.
new-device-ignore = Se è stato lei, non deve fare nulla. Altrimenti cambi subito la sua password: tutti gli altri dispositivi verranno disconnessi.
password-reset-done-subject = Ha una nuova password per { $product }
password-reset-done-title = Ha una nuova password
password-reset-done-text = L’account { $username } ha una nuova password, scelta con un link che abbiamo inviato a questo indirizzo. Tutti i dispositivi sono stati disconnessi.
password-reset-done-ignore = Se non è stato lei, qualcuno legge le sue e-mail. Cambi prima la password della sua casella di posta, poi ne richieda una nuova nella pagina di accesso.
sign-in-page = Vai alla pagina di accesso
test-subject = Messaggio di prova di { $product }
test-title = Funziona
test-text = { $product } può inviare e-mail. Questa è stata creata il { $at }.

## Le pagine dei link contenuti nelle e-mail

page-verify-title = Confermare l’indirizzo e-mail
page-verify-text = Prema il pulsante per confermare che { $address } è il suo indirizzo.
page-verify-button = Conferma l’indirizzo
page-sign-in-title = Accedere
page-sign-in-text = Prema il pulsante per accedere con questo browser.
page-sign-in-button = Accedi
page-keep-account-title = Conservare l’account?
page-keep-account-text = Il suo account verrà eliminato il { $at }, come ha richiesto. Prema il pulsante per conservarlo e accedere.
page-keep-account-button = Conserva l’account e accedi
other-browser-title = Ha chiesto di accedere?
other-browser-text = L’accesso è stato richiesto da un browser o da un dispositivo diverso da questo:
digits = Le due cifre che vi sono mostrate
digits-hint = Ha un solo tentativo. L’accesso avverrà nell’altro browser, non in questo.
other-browser-button = Fai accedere l’altro browser
other-browser-ignore = Se non è stato lei, o se qualcuno le ha detto che cosa inserire, chiuda questa pagina: non succederà nulla.

## Il secondo passaggio di un accesso

second-step-title = Ancora un passaggio
second-step-text = Questo account ha un autenticatore. Inserisca il codice che mostra ora.
second-step-code = Codice
second-step-hint = Sei cifre dell’app di autenticazione, oppure uno dei suoi codici di recupero.
second-step-button = Accedi
authenticator-needed-title = Configuri prima un autenticatore
authenticator-needed-text = Questo account ha bisogno di un’app di autenticazione, che si configura durante l’accesso. Torni alla pagina in cui ha richiesto questa e-mail e inserisca lì il codice dell’e-mail.
asking-browser-only-title = Apra questo link dove l’ha richiesto
asking-browser-only-text = L’accesso è stato richiesto da un browser o da un dispositivo diverso da questo. Apra lì il link, oppure inserisca lì il codice del messaggio.
page-register-title = Creare il suo account
page-register-text = Il suo account avrà l’indirizzo { $address }. Scelga un nome utente e una password.
page-register-button = Crea l’account
page-change-address-title = Il suo nuovo indirizzo e-mail
page-change-address-text = Prema il pulsante per usare { $address } per il suo account.
page-change-address-button = Usa questo indirizzo
page-undo-address-title = Annullare la modifica
page-undo-address-text = Prema il pulsante perché { $address } torni a essere l’indirizzo e-mail del suo account. Gli indirizzi aggiunti in seguito vengono rimossi, tutti i dispositivi disconnessi, le chiavi API revocate, e la password non funziona più.
page-undo-address-button = Annulla la modifica
page-reset-title = Scegliere una nuova password
page-reset-text = È per l’account con l’indirizzo { $address }. Quando la salverà, tutti i dispositivi verranno disconnessi.
page-reset-button = Salva la password
page-invite-title = Ha ricevuto un invito
page-invite-text = Scelga un nome utente e una password per il suo account, che avrà l’indirizzo { $address }.
page-invite-button = Crea l’account
username = Nome utente
new-password = Nuova password
password-hint =
    { $count ->
        [one] Almeno { $count } carattere: alcune parole che solo lei metterebbe insieme.
       *[other] Almeno { $count } caratteri: alcune parole che solo lei metterebbe insieme.
    }
done-verify-title = Indirizzo confermato
done-verify-text = Può chiudere questa pagina o accedere.
done-register-title = Il suo account è pronto
done-register-text = Acceda con il nome utente e la password che ha scelto.
done-invite-title = Il suo account è pronto
done-invite-text = Acceda con il nome utente e la password che ha scelto.
done-change-address-title = Indirizzo confermato
done-change-address-text = Da adesso i messaggi vengono inviati a questo indirizzo.
done-undo-address-title = La modifica è stata annullata
done-undo-address-text = Il suo account ha di nuovo l’indirizzo e-mail precedente, e nessuno può accedere. Richieda ora una nuova password nella pagina di accesso.
done-sign-in-title = L’altro browser ha effettuato l’accesso
done-sign-in-text = Continui lì. Può chiudere questa pagina.
done-reset-title = La sua nuova password è impostata
done-reset-text = Tutti i dispositivi sono stati disconnessi. Acceda con la nuova password.
refused-title = Questo link non funziona
refused-text = È già stato usato, è troppo vecchio oppure ne è stato inviato uno più recente. Ne richieda uno nuovo dove ha richiesto questo.
problem-password-too-short =
    { $count ->
        [one] La password deve avere almeno { $count } carattere.
       *[other] La password deve avere almeno { $count } caratteri.
    }
problem-password-like-username = La password non deve essere ricavata dal nome utente.
problem-password-like-service = La password non deve essere ricavata dal nome di questo servizio.
problem-password-repetitive = La password non deve essere una semplice ripetizione o sequenza.
problem-password-common = Questa password è una delle più comuni, quelle che vengono provate per prime.
problem-password-unchanged = La nuova password non deve essere quella attuale.
problem-username-taken = Questo nome utente è già in uso. Ne scelga un altro.
problem-username-looks-alike = Questo nome utente somiglia a quello di un altro account. Ne scelga un altro.
problem-username-invalid = Questo nome utente non può essere usato. Ne scelga un altro.
problem-invalid-second-factor = Il codice non è corretto oppure è già stato usato. Attenda il prossimo.
problem-too-many-attempts = Troppi codici errati. Riprovi più tardi.
problem-other = Non ha funzionato. Riprovi.

## Applicazioni

onwards-title = Un momento
onwards-link = Continua
consent-title = { $client } vuole farLa accedere
consent-destination = La risposta va a { $destination }.
consent-account = Ha effettuato l’accesso come { $username }.
consent-scopes = { $client } chiede questo:
consent-new = nuovo
consent-resources = Userà questi servizi a Suo nome:
consent-end = Può terminarlo in qualsiasi momento nella pagina del Suo account.
consent-allow = Consenti
consent-deny = Non consentire
scope-openid = Sapere chi è Lei
scope-profile = Vedere il Suo nome utente e la Sua lingua
scope-email = Vedere il Suo indirizzo e-mail
scope-offline-access = Mantenere l’accesso quando Lei non c’è
app-refused-title = Questo accesso non funziona
app-refused-client = L’applicazione che L’ha mandata qui non è conosciuta. Avvisi chi la gestisce.
app-refused-redirect-uri = L’applicazione che L’ha mandata qui vuole la risposta a un indirizzo che non è registrato. Avvisi chi la gestisce.
app-refused-too-long = L’applicazione che L’ha mandata qui chiede troppo in una volta. Avvisi chi la gestisce.
app-refused-over = È passato troppo tempo, o è iniziato in un altro browser. Torni all’applicazione e ricominci.
app-refused-failed = Qualcosa non ha funzionato. Torni all’applicazione e riprovi tra un momento.
app-refused-closest = L’indirizzo registrato più simile: { $destination }
logout-ask-title = Uscire?
logout-client = { $client } chiede di farla uscire qui.
logout-button = Esci
logout-stay-button = Rimani connesso
logout-done-title = È uscito
logout-done-text = Può chiudere questa pagina.
logout-stay-title = È ancora connesso
logout-stay-text = Non è cambiato nulla.
