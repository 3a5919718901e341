# contract 1
# Français: commencé. Ce qui manque est dit en anglais.

date-time = { $day } { $month } { $year } à { $time } UTC
month-1 = janvier
month-2 = février
month-3 = mars
month-4 = avril
month-5 = mai
month-6 = juin
month-7 = juillet
month-8 = août
month-9 = septembre
month-10 = octobre
month-11 = novembre
month-12 = décembre
within-minutes =
    { $count ->
        [one] dans un délai d’une minute
       *[other] dans un délai de { $count } minutes
    }
within-hours =
    { $count ->
        [one] dans un délai d’une heure
       *[other] dans un délai de { $count } heures
    }
within-days =
    { $count ->
        [one] dans un délai d’un jour
       *[other] dans un délai de { $count } jours
    }

code = Ou saisissez ce code à l’endroit où il vous est demandé :
lifetime-link = Le lien fonctionne une seule fois, { $within } (jusqu’au { $until }).
lifetime-link-code = Le lien et le code fonctionnent une seule fois, { $within } (jusqu’au { $until }).
copy-link = Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :
asked-from = Demandé le { $at } depuis l’adresse réseau { $source }.
footer = { $product } envoie ce message automatiquement. Les réponses ne sont peut-être pas lues.
device = { $browser } sur { $system }
reset-subject = Choisissez un nouveau mot de passe pour { $product }
reset-title = Choisir un nouveau mot de passe
reset-text = Quelqu’un, probablement vous, a demandé un nouveau mot de passe pour le compte { $username }. Tous les appareils seront déconnectés lorsque vous le choisirez.
reset-button = Choisir un nouveau mot de passe
reset-ignore = Si ce n’était pas vous, ignorez ce message : votre mot de passe reste inchangé.
