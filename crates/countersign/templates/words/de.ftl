# contract 1
# Deutsch: jede Meldung, in der Höflichkeitsform.

## Daten und Zeiten, immer in UTC, und wie lange etwas gilt

date-time = { $day }. { $month } { $year }, { $time } Uhr UTC
month-1 = Januar
month-2 = Februar
month-3 = März
month-4 = April
month-5 = Mai
month-6 = Juni
month-7 = Juli
month-8 = August
month-9 = September
month-10 = Oktober
month-11 = November
month-12 = Dezember
within-minutes =
    { $count ->
        [one] innerhalb einer Minute
       *[other] innerhalb von { $count } Minuten
    }
within-hours =
    { $count ->
        [one] innerhalb einer Stunde
       *[other] innerhalb von { $count } Stunden
    }
within-days =
    { $count ->
        [one] innerhalb eines Tages
       *[other] innerhalb von { $count } Tagen
    }

## Jede E-Mail

code = Oder geben Sie diesen Code dort ein, wo Sie danach gefragt werden:
lifetime-link = Der Link gilt einmal, { $within } (bis { $until }).
lifetime-link-code = Link und Code gelten einmal, { $within } (bis { $until }).
copy-link = Falls die Schaltfläche nicht funktioniert, kopieren Sie diese Adresse in Ihren Browser:
asked-from = Angefordert am { $at } von der Netzwerkadresse { $source }.
footer = { $product } hat diese E-Mail automatisch verschickt. Antworten werden möglicherweise nicht gelesen.
device = { $browser } auf { $system }
fact-time = Zeitpunkt
fact-device = Gerät
fact-source = Netzwerkadresse

## Eine Adresse bestätigen

verify-subject = Bestätigen Sie Ihre E-Mail-Adresse für { $product }
verify-title = E-Mail-Adresse bestätigen
verify-text = Bitte bestätigen Sie, dass { $address } Ihre Adresse ist.
verify-button = Adresse bestätigen
verify-ignore = Falls Sie das nicht angefordert haben, ignorieren Sie diese E-Mail: Ohne Ihre Bestätigung geschieht nichts.

## Ein neues Passwort

reset-subject = Wählen Sie ein neues Passwort für { $product }
reset-title = Neues Passwort wählen
reset-text = Jemand, vermutlich Sie selbst, hat ein neues Passwort für das Konto { $username } angefordert. Sobald Sie es wählen, werden alle Geräte abgemeldet.
reset-button = Neues Passwort wählen
reset-ignore = Falls Sie das nicht waren, ignorieren Sie diese E-Mail: Ihr Passwort bleibt, wie es ist.

## Per E-Mail anmelden

sign-in-subject = Anmeldung bei { $product }
sign-in-title = Anmelden
sign-in-text = Sie können sich als { $username } ohne Passwort anmelden.
sign-in-button = Anmelden
sign-in-ignore = Falls Sie das nicht angefordert haben, ignorieren Sie diese E-Mail. Geben Sie den Code an niemanden weiter, auch nicht an jemanden, der sich als { $product } ausgibt.

## Ein eigenes Konto

register-subject = Legen Sie Ihr Konto bei { $product } an
register-title = Legen Sie Ihr Konto an
register-text = Jemand, vermutlich Sie selbst, möchte ein Konto bei { $product } anlegen und hat { $address } angegeben. Wählen Sie als Nächstes einen Benutzernamen und ein Passwort.
register-button = Konto anlegen
register-ignore = Falls Sie das nicht waren, ignorieren Sie diese E-Mail: Ohne Ihr Zutun entsteht kein Konto.

## Jemand registriert sich mit einer Adresse, zu der es ein Konto gibt

already-registered-subject = Sie haben bereits ein Konto bei { $product }
already-registered-title = Sie haben bereits ein Konto
already-registered-text = Jemand, vermutlich Sie selbst, wollte sich mit { $address } registrieren. Diese Adresse gehört zum Konto { $username }: Melden Sie sich damit an. Falls Sie das Passwort vergessen haben, hilft Ihnen die Anmeldeseite zu einem neuen.
already-registered-button = Zur Anmeldeseite
already-registered-ignore = Falls Sie das nicht waren, brauchen Sie nichts zu tun. Niemand hat erfahren, dass Sie ein Konto haben.

## Eine Einladung

invite-subject = Sie sind zu { $product } eingeladen
invite-title = Sie sind eingeladen
invite-text = Sie sind zu einem Konto bei { $product } eingeladen. Wählen Sie einen Benutzernamen und ein Passwort, um die Einladung anzunehmen.
invite-button = Einladung annehmen
invite-ignore = Falls Sie kein Konto möchten, ignorieren Sie diese E-Mail: Ohne Ihr Zutun entsteht keines.

## Die Adresse eines Kontos

address-changed-subject = Die neue E-Mail-Adresse Ihres Kontos bei { $product }
address-changed-title = Ihre neue E-Mail-Adresse
address-changed-text = { $address } ist jetzt die E-Mail-Adresse des Kontos { $username }. E-Mails gehen von nun an hierher.
address-changed-ignore = Falls Sie dieses Konto nicht kennen, wenden Sie sich bitte an den Betreiber von { $product }.
address-undo-subject = Die E-Mail-Adresse Ihres Kontos bei { $product } wurde geändert
address-undo-title = Ihre E-Mail-Adresse wurde geändert
address-undo-text = Die E-Mail-Adresse des Kontos { $username } wurde am { $at } in { $other_address } geändert. Falls Sie das waren, brauchen Sie nichts zu tun.
address-removed-text = Die E-Mail-Adresse { $address } wurde am { $at } vom Konto { $username } entfernt. Falls Sie das waren, brauchen Sie nichts zu tun.
address-undo-button = Änderung rückgängig machen
address-undo-ignore = Falls Sie das nicht waren, kennt jemand Ihr Passwort. Machen Sie die Änderung rückgängig: Dann werden alle Geräte abgemeldet, und das Passwort gilt nicht mehr. Wählen Sie danach ein neues.

## Hinweise

password-changed-subject = Ihr Passwort für { $product } wurde geändert
password-changed-title = Ihr Passwort wurde geändert
password-changed-text = Das Passwort des Kontos { $username } wurde geändert. Alle anderen Geräte sind abgemeldet.
password-changed-ignore = Falls das weder Sie noch die Administration waren, kannte jemand Ihr Passwort. Fordern Sie auf der Anmeldeseite sofort ein neues an.
second-factor-changed-subject = Der zweite Schritt Ihrer Anmeldung bei { $product } wurde geändert
second-factor-changed-title = Ihr zweiter Schritt wurde geändert
second-factor-changed-text = Beim Konto { $username } wurde ein Authenticator hinzugefügt oder entfernt, oder es wurden neue Wiederherstellungscodes erstellt. Wurde ein Authenticator hinzugefügt oder entfernt, sind alle anderen Geräte abgemeldet.
second-factor-changed-ignore = Falls das weder Sie noch die Administration waren, kennt jemand Ihr Passwort. Ändern Sie es sofort und prüfen Sie auf der Kontoseite Ihre Authenticatoren.
new-device-subject = Anmeldung bei { $product } auf einem neuen Gerät
new-device-title = Anmeldung auf einem neuen Gerät
new-device-text = Jemand hat sich mit dem Konto { $username } auf einem bisher unbekannten Gerät angemeldet.
new-device-ignore = Falls Sie das waren, brauchen Sie nichts zu tun. Andernfalls ändern Sie sofort Ihr Passwort: Alle anderen Geräte werden dann abgemeldet.
password-reset-done-subject = Sie haben ein neues Passwort für { $product }
password-reset-done-title = Sie haben ein neues Passwort
password-reset-done-text = Das Konto { $username } hat ein neues Passwort. Es wurde über einen Link gewählt, den wir an diese Adresse geschickt haben. Alle Geräte sind abgemeldet.
password-reset-done-ignore = Falls Sie das nicht waren, liest jemand Ihre E-Mails mit. Ändern Sie zuerst das Passwort Ihres Postfachs und fordern Sie dann auf der Anmeldeseite ein neues an.
sign-in-page = Zur Anmeldeseite
test-subject = Test-E-Mail von { $product }
test-title = Es funktioniert
test-text = { $product } kann E-Mails verschicken. Diese wurde am { $at } erstellt.

## Die Seiten zu den Links in E-Mails

page-verify-title = E-Mail-Adresse bestätigen
page-verify-text = Drücken Sie auf die Schaltfläche, um zu bestätigen, dass { $address } Ihre Adresse ist.
page-verify-button = Adresse bestätigen
page-sign-in-title = Anmelden
page-sign-in-text = Drücken Sie auf die Schaltfläche, um sich mit diesem Browser anzumelden.
page-sign-in-button = Anmelden
page-keep-account-title = Das Konto behalten?
page-keep-account-text = Ihr Konto wird am { $at } gelöscht, wie Sie es wollten. Drücken Sie auf die Schaltfläche, um es zu behalten und sich anzumelden.
page-keep-account-button = Konto behalten und anmelden
other-browser-title = Wollen Sie sich anmelden?
other-browser-text = Die Anmeldung wurde in einem anderen Browser oder auf einem anderen Gerät verlangt:
digits = Die zwei Ziffern, die dort stehen
digits-hint = Sie haben einen Versuch. Angemeldet wird dann der andere Browser, nicht dieser.
other-browser-button = Den anderen Browser anmelden
other-browser-ignore = Wenn Sie das nicht waren oder wenn Ihnen jemand gesagt hat, was Sie eingeben sollen, schließen Sie diese Seite: dann geschieht nichts.

## Der zweite Schritt einer Anmeldung

second-step-title = Noch ein Schritt
second-step-text = Dieses Konto hat einen Authenticator. Geben Sie den Code ein, den er jetzt zeigt.
second-step-code = Code
second-step-hint = Sechs Ziffern der Authenticator-App oder einer Ihrer Wiederherstellungscodes.
second-step-button = Anmelden
authenticator-needed-title = Richten Sie zuerst einen Authenticator ein
authenticator-needed-text = Dieses Konto braucht eine Authenticator-App, die beim Anmelden eingerichtet wird. Kehren Sie zu der Seite zurück, auf der Sie diese E-Mail angefordert haben, und geben Sie dort den Code aus der E-Mail ein.
asking-browser-only-title = Öffnen Sie den Link dort, wo Sie sich anmelden wollen
asking-browser-only-text = Die Anmeldung wurde in einem anderen Browser oder auf einem anderen Gerät verlangt. Öffnen Sie den Link dort, oder geben Sie dort den Code aus der Mail ein.
page-register-title = Legen Sie Ihr Konto an
page-register-text = Ihr Konto erhält die Adresse { $address }. Wählen Sie einen Benutzernamen und ein Passwort.
page-register-button = Konto anlegen
page-change-address-title = Ihre neue E-Mail-Adresse
page-change-address-text = Drücken Sie auf die Schaltfläche, um { $address } für Ihr Konto zu verwenden.
page-change-address-button = Diese Adresse verwenden
page-undo-address-title = Änderung rückgängig machen
page-undo-address-text = Drücken Sie auf die Schaltfläche, um { $address } wieder zur E-Mail-Adresse Ihres Kontos zu machen. Später hinzugefügte Adressen werden entfernt, alle Geräte abgemeldet, API-Schlüssel beendet, und das Passwort gilt nicht mehr.
page-undo-address-button = Änderung rückgängig machen
page-reset-title = Neues Passwort wählen
page-reset-text = Es gilt für das Konto mit der Adresse { $address }. Beim Speichern werden alle Geräte abgemeldet.
page-reset-button = Passwort speichern
page-invite-title = Sie sind eingeladen
page-invite-text = Wählen Sie einen Benutzernamen und ein Passwort für Ihr Konto, das die Adresse { $address } erhält.
page-invite-button = Konto anlegen
username = Benutzername
new-password = Neues Passwort
password-hint = Mindestens { $count } Zeichen: einige Wörter, die nur Sie so verbinden würden.
done-verify-title = Adresse bestätigt
done-verify-text = Sie können diese Seite schließen oder sich anmelden.
done-register-title = Ihr Konto ist bereit
done-register-text = Melden Sie sich mit dem Benutzernamen und dem Passwort an, die Sie gewählt haben.
done-invite-title = Ihr Konto ist bereit
done-invite-text = Melden Sie sich mit dem Benutzernamen und dem Passwort an, die Sie gewählt haben.
done-change-address-title = Adresse bestätigt
done-change-address-text = E-Mails gehen von nun an an diese Adresse.
done-undo-address-title = Die Änderung ist rückgängig gemacht
done-undo-address-text = Ihr Konto hat wieder seine frühere E-Mail-Adresse, und niemand kann sich anmelden. Fordern Sie jetzt auf der Anmeldeseite ein neues Passwort an.
done-sign-in-title = Der andere Browser ist angemeldet
done-sign-in-text = Machen Sie dort weiter. Diese Seite können Sie schließen.
done-reset-title = Ihr neues Passwort ist gesetzt
done-reset-text = Alle Geräte sind abgemeldet. Melden Sie sich mit dem neuen Passwort an.
refused-title = Dieser Link funktioniert nicht
refused-text = Er wurde schon verwendet, ist zu alt, oder es wurde ein neuerer verschickt. Fordern Sie dort einen neuen an, wo Sie diesen angefordert haben.
problem-password-too-short =
    { $count ->
        [one] Das Passwort muss mindestens ein Zeichen haben.
       *[other] Das Passwort muss mindestens { $count } Zeichen haben.
    }
problem-password-like-username = Das Passwort darf nicht aus dem Benutzernamen bestehen.
problem-password-like-service = Das Passwort darf nicht aus dem Namen dieses Dienstes bestehen.
problem-password-repetitive = Das Passwort darf keine einfache Wiederholung oder Reihe sein.
problem-password-common = Dieses Passwort ist eines der häufigsten, die zuerst ausprobiert werden.
problem-password-unchanged = Das neue Passwort darf nicht das bisherige sein.
problem-username-taken = Dieser Benutzername ist vergeben. Bitte wählen Sie einen anderen.
problem-username-looks-alike = Dieser Benutzername sieht dem eines anderen Kontos zu ähnlich. Bitte wählen Sie einen anderen.
problem-username-invalid = Dieser Benutzername kann nicht verwendet werden. Bitte wählen Sie einen anderen.
problem-invalid-second-factor = Der Code stimmt nicht oder wurde schon verwendet. Warten Sie auf den nächsten.
problem-too-many-attempts = Das waren zu viele falsche Codes. Bitte versuchen Sie es später noch einmal.
problem-other = Das hat nicht funktioniert. Bitte versuchen Sie es noch einmal.

## Anwendungen, bei denen man sich anmeldet

onwards-title = Einen Augenblick
onwards-link = Weiter
consent-title = { $client } möchte Sie anmelden
consent-destination = Die Antwort geht an { $destination }.
consent-account = Sie sind als { $username } angemeldet.
consent-scopes = { $client } bittet darum:
consent-new = neu
consent-resources = Damit werden diese Dienste in Ihrem Namen verwendet:
consent-end = Sie können das jederzeit auf Ihrer Kontoseite beenden.
consent-allow = Erlauben
consent-deny = Nicht erlauben
scope-openid = Wissen, wer Sie sind
scope-profile = Ihren Benutzernamen und Ihre Sprache sehen
scope-email = Ihre E-Mail-Adresse sehen
scope-offline-access = Angemeldet bleiben, wenn Sie nicht da sind
app-refused-title = Diese Anmeldung funktioniert nicht
app-refused-client = Die Anwendung, die Sie hierher geschickt hat, ist nicht bekannt. Sagen Sie es denen, die sie betreiben.
app-refused-redirect-uri = Die Anwendung, die Sie hierher geschickt hat, will die Antwort an einer Adresse, die für sie nicht eingetragen ist. Sagen Sie es denen, die sie betreiben.
app-refused-too-long = Die Anwendung, die Sie hierher geschickt hat, will zu viel auf einmal. Sagen Sie es denen, die sie betreiben.
app-refused-over = Es hat zu lange gedauert oder wurde in einem anderen Browser begonnen. Gehen Sie zur Anwendung zurück und beginnen Sie von vorn.
app-refused-failed = Hier hat etwas nicht funktioniert. Gehen Sie zur Anwendung zurück und versuchen Sie es gleich noch einmal.
app-refused-closest = Die eingetragene Adresse, die ihr am nächsten kommt: { $destination }
logout-ask-title = Abmelden?
logout-client = { $client } möchte Sie hier abmelden.
logout-button = Abmelden
logout-stay-button = Angemeldet bleiben
logout-done-title = Sie sind abgemeldet
logout-done-text = Sie können diese Seite schließen.
logout-stay-title = Sie sind weiterhin angemeldet
logout-stay-text = Es hat sich nichts geändert.
