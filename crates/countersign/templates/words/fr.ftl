# contract 1
# Français: chaque message, avec le vouvoiement.

## Dates et heures, toujours en UTC, et durées

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

## Tous les e-mails

code = Ou saisissez ce code à l’endroit où il vous est demandé :
lifetime-link = Le lien fonctionne une seule fois, { $within } (jusqu’au { $until }).
lifetime-link-code = Le lien et le code fonctionnent une seule fois, { $within } (jusqu’au { $until }).
copy-link = Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :
asked-from = Demandé le { $at } depuis l’adresse réseau { $source }.
footer = { $product } envoie ce message automatiquement. Les réponses ne sont peut-être pas lues.
device = { $browser } sur { $system }
fact-time = Date
fact-device = Appareil
fact-source = Adresse réseau

## Confirmer une adresse

verify-subject = Confirmez votre adresse e-mail pour { $product }
verify-title = Confirmer votre adresse e-mail
verify-text = Veuillez confirmer que { $address } est bien votre adresse.
verify-button = Confirmer l’adresse
verify-ignore = Si vous n’avez rien demandé, ignorez ce message : sans votre confirmation, il ne se passe rien.

## Un nouveau mot de passe

reset-subject = Choisissez un nouveau mot de passe pour { $product }
reset-title = Choisir un nouveau mot de passe
reset-text = Quelqu’un, probablement vous, a demandé un nouveau mot de passe pour le compte { $username }. Tous les appareils seront déconnectés lorsque vous le choisirez.
reset-button = Choisir un nouveau mot de passe
reset-ignore = Si ce n’était pas vous, ignorez ce message : votre mot de passe reste inchangé.

## Se connecter par e-mail

sign-in-subject = Connexion à { $product }
sign-in-title = Se connecter
sign-in-text = Vous pouvez vous connecter en tant que { $username } sans votre mot de passe.
sign-in-button = Se connecter
sign-in-ignore = Si vous n’avez rien demandé, ignorez ce message. Ne donnez le code à personne, pas même à quelqu’un qui dit appartenir à { $product }.

## Un compte à soi

register-subject = Créez votre compte { $product }
register-title = Créer votre compte
register-text = Quelqu’un, probablement vous, souhaite créer un compte { $product } et a indiqué { $address }. Choisissez maintenant un nom d’utilisateur et un mot de passe.
register-button = Créer le compte
register-ignore = Si vous n’avez rien demandé, ignorez ce message : sans vous, aucun compte n’est créé.

## Quelqu’un s’inscrit avec une adresse qui a déjà un compte

already-registered-subject = Vous avez déjà un compte { $product }
already-registered-title = Vous avez déjà un compte
already-registered-text = Quelqu’un, probablement vous, a essayé de s’inscrire avec { $address }. Cette adresse appartient au compte { $username } : connectez-vous avec elle. Si vous avez oublié le mot de passe, la page de connexion vous aide à en choisir un nouveau.
already-registered-button = Aller à la page de connexion
already-registered-ignore = Si ce n’était pas vous, vous n’avez rien à faire. Personne n’a appris que vous avez un compte.

## Une invitation

invite-subject = Vous êtes invité(e) à rejoindre { $product }
invite-title = Vous avez reçu une invitation
invite-text = Vous êtes invité(e) à ouvrir un compte { $product }. Pour accepter, choisissez un nom d’utilisateur et un mot de passe.
invite-button = Accepter l’invitation
invite-ignore = Si vous ne voulez pas de compte, ignorez ce message : sans vous, aucun n’est créé.

## L’adresse d’un compte

address-changed-subject = La nouvelle adresse e-mail de votre compte { $product }
address-changed-title = Votre nouvelle adresse e-mail
address-changed-text = { $address } est désormais l’adresse e-mail du compte { $username }. Les messages arrivent ici à partir de maintenant.
address-changed-ignore = Si vous ne connaissez pas ce compte, veuillez prévenir les responsables de { $product }.
address-undo-subject = L’adresse e-mail de votre compte { $product } a été modifiée
address-undo-title = Votre adresse e-mail a été modifiée
address-undo-text = L’adresse e-mail du compte { $username } a été remplacée par { $other_address } le { $at }. Si c’était vous, vous n’avez rien à faire.
address-removed-text = L’adresse e-mail { $address } a été retirée du compte { $username } le { $at }. Si c’était vous, vous n’avez rien à faire.
address-undo-button = Annuler la modification
address-undo-ignore = Si ce n’était pas vous, quelqu’un connaît votre mot de passe. Annulez la modification : tous les appareils seront alors déconnectés et le mot de passe ne fonctionnera plus. Choisissez-en ensuite un nouveau.

## Avis

password-changed-subject = Votre mot de passe pour { $product } a été modifié
password-changed-title = Votre mot de passe a été modifié
password-changed-text = Le mot de passe du compte { $username } a été modifié. Tous les autres appareils sont déconnectés.
password-changed-ignore = Si ce n’était ni vous ni l’administration, quelqu’un connaissait votre mot de passe. Demandez-en immédiatement un nouveau sur la page de connexion.
second-factor-changed-subject = La deuxième étape de votre connexion à { $product } a été modifiée
second-factor-changed-title = Votre deuxième étape a été modifiée
second-factor-changed-text = Un authentificateur du compte { $username } a été ajouté ou retiré, ou ses codes de secours ont été renouvelés. Si un authentificateur a été ajouté ou retiré, tous les autres appareils sont déconnectés.
second-factor-changed-ignore = Si ce n’était ni vous ni l’administration, quelqu’un connaît votre mot de passe. Changez-le immédiatement et vérifiez vos authentificateurs sur la page du compte.
new-device-subject = Connexion à { $product } depuis un nouvel appareil
new-device-title = Connexion depuis un nouvel appareil
new-device-text = Quelqu’un s’est connecté au compte { $username } depuis un appareil qui n’était pas connu.
new-device-ignore = Si c’était vous, vous n’avez rien à faire. Sinon, changez immédiatement votre mot de passe : tous les autres appareils seront alors déconnectés.
password-reset-done-subject = Vous avez un nouveau mot de passe pour { $product }
password-reset-done-title = Vous avez un nouveau mot de passe
password-reset-done-text = Le compte { $username } a un nouveau mot de passe, choisi au moyen d’un lien que nous avons envoyé à cette adresse. Tous les appareils sont déconnectés.
password-reset-done-ignore = Si ce n’était pas vous, quelqu’un lit vos e-mails. Changez d’abord le mot de passe de votre messagerie, puis demandez-en un nouveau sur la page de connexion.
sign-in-page = Aller à la page de connexion
test-subject = Message d’essai de { $product }
test-title = Cela fonctionne
test-text = { $product } peut envoyer des e-mails. Celui-ci a été créé le { $at }.

## Les pages des liens contenus dans les e-mails

page-verify-title = Confirmer votre adresse e-mail
page-verify-text = Appuyez sur le bouton pour confirmer que { $address } est bien votre adresse.
page-verify-button = Confirmer l’adresse
page-sign-in-title = Se connecter
page-sign-in-text = Appuyez sur le bouton pour vous connecter avec ce navigateur.
page-sign-in-button = Se connecter
page-keep-account-title = Garder le compte ?
page-keep-account-text = Votre compte sera supprimé le { $at }, comme vous l’avez demandé. Appuyez sur le bouton pour le garder et vous connecter.
page-keep-account-button = Garder le compte et se connecter
other-browser-title = Avez-vous demandé à vous connecter ?
other-browser-text = La connexion a été demandée depuis un autre navigateur ou un autre appareil que celui-ci :
digits = Les deux chiffres qui y sont affichés
digits-hint = Vous avez un seul essai. C’est l’autre navigateur qui sera connecté, pas celui-ci.
other-browser-button = Connecter l’autre navigateur
other-browser-ignore = Si ce n’était pas vous, ou si quelqu’un vous a dit quoi saisir, fermez cette page : il ne se passera rien.

## La deuxième étape d’une connexion

second-step-title = Encore une étape
second-step-text = Ce compte a un authentificateur. Saisissez le code qu’il affiche maintenant.
second-step-code = Code
second-step-hint = Six chiffres de l’application d’authentification, ou l’un de vos codes de secours.
second-step-button = Se connecter
authenticator-needed-title = Configurez d’abord un authentificateur
authenticator-needed-text = Ce compte a besoin d’une application d’authentification, que l’on configure en se connectant. Revenez à la page où vous avez demandé cet e-mail et saisissez-y le code de l’e-mail.
asking-browser-only-title = Ouvrez ce lien là où vous l’avez demandé
asking-browser-only-text = La connexion a été demandée depuis un autre navigateur ou un autre appareil que celui-ci. Ouvrez-y le lien, ou saisissez-y le code du message.
page-register-title = Créer votre compte
page-register-text = Votre compte aura l’adresse { $address }. Choisissez un nom d’utilisateur et un mot de passe.
page-register-button = Créer le compte
page-change-address-title = Votre nouvelle adresse e-mail
page-change-address-text = Appuyez sur le bouton pour utiliser { $address } pour votre compte.
page-change-address-button = Utiliser cette adresse
page-undo-address-title = Annuler la modification
page-undo-address-text = Appuyez sur le bouton pour que { $address } redevienne l’adresse e-mail de votre compte. Les adresses ajoutées depuis seront retirées, tous les appareils déconnectés, les clés d’API révoquées, et le mot de passe ne fonctionnera plus.
page-undo-address-button = Annuler la modification
page-reset-title = Choisir un nouveau mot de passe
page-reset-text = Il est destiné au compte dont l’adresse est { $address }. Tous les appareils seront déconnectés lorsque vous l’enregistrerez.
page-reset-button = Enregistrer le mot de passe
page-invite-title = Vous avez reçu une invitation
page-invite-text = Choisissez un nom d’utilisateur et un mot de passe pour votre compte, qui aura l’adresse { $address }.
page-invite-button = Créer le compte
username = Nom d’utilisateur
new-password = Nouveau mot de passe
password-hint =
    { $count ->
        [one] Au moins { $count } caractère : quelques mots que vous seul(e) associeriez.
       *[other] Au moins { $count } caractères : quelques mots que vous seul(e) associeriez.
    }
done-verify-title = Adresse confirmée
done-verify-text = Vous pouvez fermer cette page ou vous connecter.
done-register-title = Votre compte est prêt
done-register-text = Connectez-vous avec le nom d’utilisateur et le mot de passe que vous avez choisis.
done-invite-title = Votre compte est prêt
done-invite-text = Connectez-vous avec le nom d’utilisateur et le mot de passe que vous avez choisis.
done-change-address-title = Adresse confirmée
done-change-address-text = Les messages sont désormais envoyés à cette adresse.
done-undo-address-title = La modification est annulée
done-undo-address-text = Votre compte a retrouvé son ancienne adresse e-mail, et personne ne peut se connecter. Demandez maintenant un nouveau mot de passe sur la page de connexion.
done-sign-in-title = L’autre navigateur est connecté
done-sign-in-text = Continuez là-bas. Vous pouvez fermer cette page.
done-reset-title = Votre nouveau mot de passe est enregistré
done-reset-text = Tous les appareils sont déconnectés. Connectez-vous avec le nouveau mot de passe.
refused-title = Ce lien ne fonctionne pas
refused-text = Il a déjà été utilisé, il est trop ancien, ou un plus récent a été envoyé. Demandez-en un nouveau là où vous avez demandé celui-ci.
problem-password-too-short =
    { $count ->
        [one] Le mot de passe doit comporter au moins { $count } caractère.
       *[other] Le mot de passe doit comporter au moins { $count } caractères.
    }
problem-password-like-username = Le mot de passe ne doit pas être tiré du nom d’utilisateur.
problem-password-like-service = Le mot de passe ne doit pas être tiré du nom de ce service.
problem-password-repetitive = Le mot de passe ne doit pas être une simple répétition ou suite.
problem-password-common = Ce mot de passe est l’un des plus courants, que l’on essaie en premier.
problem-password-unchanged = Le nouveau mot de passe ne doit pas être l’actuel.
problem-username-taken = Ce nom d’utilisateur est déjà pris. Veuillez en choisir un autre.
problem-username-looks-alike = Ce nom d’utilisateur ressemble à celui d’un autre compte. Veuillez en choisir un autre.
problem-username-invalid = Ce nom d’utilisateur ne peut pas être utilisé. Veuillez en choisir un autre.
problem-invalid-second-factor = Le code n’est pas correct, ou il a déjà été utilisé. Attendez le suivant.
problem-too-many-attempts = Trop de codes incorrects. Veuillez réessayer plus tard.
problem-other = Cela n’a pas fonctionné. Veuillez réessayer.

## Applications

onwards-title = Un instant
onwards-link = Continuer
consent-title = { $client } souhaite vous connecter
consent-destination = La réponse va à { $destination }.
consent-account = Vous êtes connecté en tant que { $username }.
consent-scopes = { $client } demande ceci :
consent-new = nouveau
consent-resources = Ces services seront utilisés en votre nom :
consent-end = Vous pouvez y mettre fin à tout moment sur la page de votre compte.
consent-allow = Autoriser
consent-deny = Ne pas autoriser
scope-openid = Savoir qui vous êtes
scope-profile = Voir votre nom d’utilisateur et votre langue
scope-email = Voir votre adresse e-mail
scope-offline-access = Rester connecté en votre absence
app-refused-title = Cette connexion ne fonctionne pas
app-refused-client = L’application qui vous a envoyé ici n’est pas connue. Prévenez ceux qui la gèrent.
app-refused-redirect-uri = L’application qui vous a envoyé ici veut la réponse à une adresse qui n’est pas enregistrée. Prévenez ceux qui la gèrent.
app-refused-too-long = L’application qui vous a envoyé ici demande trop à la fois. Prévenez ceux qui la gèrent.
app-refused-over = Cela a pris trop de temps, ou a commencé dans un autre navigateur. Retournez à l’application et recommencez.
app-refused-failed = Quelque chose n’a pas fonctionné ici. Retournez à l’application et réessayez dans un instant.
app-refused-closest = L’adresse enregistrée la plus proche : { $destination }
logout-ask-title = Se déconnecter ?
logout-client = { $client } demande à vous déconnecter ici.
logout-button = Se déconnecter
logout-stay-button = Rester connecté
logout-done-title = Vous êtes déconnecté
logout-done-text = Vous pouvez fermer cette page.
logout-stay-title = Vous êtes toujours connecté
logout-stay-text = Rien n’a changé.
