# contract 1
# English: every message. What another language lacks is said in English.

## Dates and times, always in UTC, and how long something lasts

date-time = { $day } { $month } { $year }, { $time } UTC
month-1 = January
month-2 = February
month-3 = March
month-4 = April
month-5 = May
month-6 = June
month-7 = July
month-8 = August
month-9 = September
month-10 = October
month-11 = November
month-12 = December
within-minutes =
    { $count ->
        [one] within one minute
       *[other] within { $count } minutes
    }
within-hours =
    { $count ->
        [one] within one hour
       *[other] within { $count } hours
    }
within-days =
    { $count ->
        [one] within one day
       *[other] within { $count } days
    }

## Every mail

code = Or type this code where you are asked for it:
lifetime-link = The link works once, { $within } (until { $until }).
lifetime-link-code = The link and the code work once, { $within } (until { $until }).
copy-link = If the button does not work, copy this address into your browser:
asked-from = Asked for on { $at } from the network address { $source }.
footer = { $product } sends this mail by itself. Replies may not be read.
device = { $browser } on { $system }
fact-time = Time
fact-device = Device
fact-source = Network address

## Confirm an address

verify-subject = Confirm your e-mail address for { $product }
verify-title = Confirm your e-mail address
verify-text = Please confirm that { $address } is your address.
verify-button = Confirm the address
verify-ignore = If you did not ask for this, ignore this mail: without your confirmation nothing happens.

## A new password

reset-subject = Choose a new password for { $product }
reset-title = Choose a new password
reset-text = Somebody, probably you, has asked for a new password for the account { $username }. All devices are signed out when you choose it.
reset-button = Choose a new password
reset-ignore = If it was not you, ignore this mail: your password stays as it is.

## Sign in by mail

sign-in-subject = Sign in to { $product }
sign-in-title = Sign in
sign-in-text = You can sign in as { $username } without your password.
sign-in-button = Sign in
sign-in-ignore = If you did not ask for this, ignore this mail. Give the code to nobody, not even to somebody who says that they are from { $product }.

## An account of one's own

register-subject = Make your account with { $product }
register-title = Make your account
register-text = Somebody, probably you, wants to make an account with { $product } and has given { $address }. Choose a user name and a password next.
register-button = Make the account
register-ignore = If you did not ask for this, ignore this mail: without you no account is made.

## Somebody registers with an address that has an account

already-registered-subject = You already have an account with { $product }
already-registered-title = You already have an account
already-registered-text = Somebody, probably you, has tried to register with { $address }. This address belongs to the account { $username }: sign in with it. If you have forgotten the password, the sign-in page helps you to a new one.
already-registered-button = Go to the sign-in page
already-registered-ignore = If it was not you, there is nothing to do. Nobody was told that you have an account.

## An invitation

invite-subject = You are invited to { $product }
invite-title = You are invited
invite-text = You are invited to an account with { $product }. Choose a user name and a password to accept.
invite-button = Accept the invitation
invite-ignore = If you do not want an account, ignore this mail: without you none is made.

## The address of an account

address-changed-subject = The new e-mail address of your account with { $product }
address-changed-title = Your new e-mail address
address-changed-text = { $address } is now the e-mail address of the account { $username }. Mails go here from now on.
address-changed-ignore = If you know nothing of this account, please tell whoever runs { $product }.
address-undo-subject = The e-mail address of your account with { $product } was changed
address-undo-title = Your e-mail address was changed
address-undo-text = The e-mail address of the account { $username } was changed to { $other_address } on { $at }. If it was you, there is nothing to do.
address-removed-text = The e-mail address { $address } was removed from the account { $username } on { $at }. If it was you, there is nothing to do.
address-undo-button = Take the change back
address-undo-ignore = If it was not you, somebody knows your password. Take the change back: all devices are signed out then, and the password does not work any more. Then choose a new one.

## Notices

password-changed-subject = Your password for { $product } was changed
password-changed-title = Your password was changed
password-changed-text = The password of the account { $username } was changed. All other devices are signed out.
password-changed-ignore = If it was neither you nor an administrator, somebody knew your password. Ask for a new one on the sign-in page at once.
second-factor-changed-subject = The second step of your sign-in to { $product } was changed
second-factor-changed-title = Your second step was changed
second-factor-changed-text = An authenticator of the account { $username } was added or removed, or its recovery codes were renewed. All other devices are signed out where an authenticator was added or removed.
second-factor-changed-ignore = If it was neither you nor an administrator, somebody knows your password. Change it at once, and look at your authenticators on the account page.
new-device-subject = A new device signed in to { $product }
new-device-title = A new device signed in
new-device-text = Somebody has signed in to the account { $username } on a device that was not known.
new-device-ignore = If it was you, there is nothing to do. Otherwise change your password at once: all other devices are then signed out.
password-reset-done-subject = You have a new password for { $product }
password-reset-done-title = You have a new password
password-reset-done-text = The account { $username } has a new password, chosen by a link that we sent to this address. All devices are signed out.
password-reset-done-ignore = If it was not you, somebody reads your mails. Change the password of your mailbox first, then ask for a new one on the sign-in page.
sign-in-page = Go to the sign-in page
test-subject = Test mail from { $product }
test-title = It works
test-text = { $product } can send mails. This one was made on { $at }.

## The pages of links in mails

page-verify-title = Confirm your e-mail address
page-verify-text = Press the button to confirm that { $address } is your address.
page-verify-button = Confirm the address
page-sign-in-title = Sign in
page-sign-in-text = Press the button to sign in with this browser.
page-sign-in-button = Sign in
page-keep-account-title = Keep the account?
page-keep-account-text = Your account is going to be deleted on { $at }, as you have asked. Press the button to keep it and sign in.
page-keep-account-button = Keep the account and sign in
other-browser-title = Did you ask to sign in?
other-browser-text = Another browser or device than this one asked to sign in:
digits = The two digits that it shows
digits-hint = You have one try. That browser is signed in then, and this one is not.
other-browser-button = Sign that browser in
other-browser-ignore = If it was not you, or if somebody has told you what to type, close this page: then nothing happens.

## The second step of a sign-in

second-step-title = One more step
second-step-text = This account has an authenticator. Type the code that it shows now.
second-step-code = Code
second-step-hint = Six digits of the authenticator app, or one of your recovery codes.
second-step-button = Sign in
authenticator-needed-title = Set up an authenticator first
authenticator-needed-text = This account needs an authenticator app, which is set up when you sign in. Go back to the page where you asked for this mail and type the code of the mail there.
asking-browser-only-title = Open this link where you asked for it
asking-browser-only-text = Another browser or device than this one asked to sign in. Open the link there, or type the code of the mail there.
page-register-title = Make your account
page-register-text = Your account will have the address { $address }. Choose a user name and a password.
page-register-button = Make the account
page-change-address-title = Your new e-mail address
page-change-address-text = Press the button to use { $address } for your account.
page-change-address-button = Use this address
page-undo-address-title = Take the change back
page-undo-address-text = Press the button to make { $address } the e-mail address of your account again. Addresses that were added later are removed, all devices are signed out, API keys end, and the password does not work any more.
page-undo-address-button = Take the change back
page-reset-title = Choose a new password
page-reset-text = It is for the account with the address { $address }. All devices are signed out when you save it.
page-reset-button = Save the password
page-invite-title = You are invited
page-invite-text = Choose a user name and a password for your account, which will have the address { $address }.
page-invite-button = Make the account
username = User name
new-password = New password
password-hint = At least { $count } characters: a few words that only you would combine.
done-verify-title = Address confirmed
done-verify-text = You can close this page, or sign in.
done-register-title = Your account is ready
done-register-text = Sign in with the user name and the password that you have chosen.
done-invite-title = Your account is ready
done-invite-text = Sign in with the user name and the password that you have chosen.
done-change-address-title = Address confirmed
done-change-address-text = Mails go to this address from now on.
done-undo-address-title = The change is taken back
done-undo-address-text = Your account has its former e-mail address again, and nobody can sign in. Ask for a new password on the sign-in page now.
done-sign-in-title = The other browser is signed in
done-sign-in-text = Go on there. You can close this page.
done-reset-title = Your new password is set
done-reset-text = All devices are signed out. Sign in with the new password.
refused-title = This link does not work
refused-text = It was used before, it is too old, or a newer one was sent. Ask for a new one where you asked for this one.
problem-password-too-short =
    { $count ->
        [one] The password must have at least one character.
       *[other] The password must have at least { $count } characters.
    }
problem-password-like-username = The password must not be made of the user name.
problem-password-like-service = The password must not be made of the name of this service.
problem-password-repetitive = The password must not be a simple repetition or sequence.
problem-password-common = This password is one of the most common ones, which are tried first.
problem-password-unchanged = The new password must not be the current one.
problem-username-taken = This user name is taken. Please choose another one.
problem-username-looks-alike = This user name looks like the one of another account. Please choose another one.
problem-username-invalid = This user name cannot be used. Please choose another one.
problem-invalid-second-factor = The code is not right, or it was used before. Wait for the next one.
problem-too-many-attempts = That were too many wrong codes. Please try again later.
problem-other = That did not work. Please try again.

## Applications that people sign in to

onwards-title = One moment
onwards-link = Go on
consent-title = { $client } wants to sign you in
consent-destination = The answer goes to { $destination }.
consent-account = You are signed in as { $username }.
consent-scopes = { $client } asks for this:
consent-new = new
consent-resources = It will use these services in your name:
consent-end = You can end this at any time on your account page.
consent-allow = Allow
consent-deny = Do not allow
scope-openid = Know who you are
scope-profile = See your user name and language
scope-email = See your e-mail address
scope-offline-access = Stay signed in when you are away
app-refused-title = This sign-in does not work
app-refused-client = The application that sent you here is not known. Tell whoever runs it.
app-refused-redirect-uri = The application that sent you here wants the answer at an address that is not registered for it. Tell whoever runs it.
app-refused-too-long = The application that sent you here asks for too much at once. Tell whoever runs it.
app-refused-over = It took too long, or it was begun in another browser. Go back to the application and begin again.
app-refused-failed = Something did not work here. Go back to the application and try again in a moment.
app-refused-closest = The registered address that comes closest: { $destination }
logout-ask-title = Sign out?
logout-client = { $client } asks you to sign out here.
logout-button = Sign out
logout-stay-button = Stay signed in
logout-done-title = You are signed out
logout-done-text = You can close this page.
logout-stay-title = You are still signed in
logout-stay-text = Nothing has changed.
