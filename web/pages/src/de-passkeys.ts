// Deutsch: Passkeys.

export const passkeys = {
  Passkey: 'Passkey',
  Passkeys: 'Passkeys',
  'Use a passkey': 'Passkey verwenden',
  'Use a passkey instead': 'Stattdessen einen Passkey verwenden',
  'Set up a passkey instead': 'Stattdessen einen Passkey einrichten',
  'Add a passkey': 'Passkey hinzufügen',
  'Your device or your password manager keeps it, and asks you for your fingerprint, your face or a PIN when you use it.':
    'Ihr Gerät oder Ihr Passwort-Manager bewahrt ihn auf und fragt Sie bei jeder Verwendung nach Fingerabdruck, Gesicht oder PIN.',
  'Name of the passkey': 'Name des Passkeys',
  'You can sign in with your passkey now. All other sessions have ended.': 'Sie können sich jetzt mit Ihrem Passkey anmelden. Alle anderen Sitzungen sind beendet.',
  'The passkey has a new name.': 'Der Passkey hat einen neuen Namen.',
  'It signs you in no more. Your password manager is told to forget it. All other sessions end.':
    'Mit ihm können Sie sich nicht mehr anmelden. Ihr Passwort-Manager erfährt, dass er ihn vergessen soll. Alle anderen Sitzungen enden.',
  'There is no second step then: the recovery codes are void, and no device is trusted.': 'Danach gibt es keinen zweiten Schritt: Die Wiederherstellungscodes gelten nicht mehr, und keinem Gerät wird mehr vertraut.',
  'No passkey yet. With one, you sign in without a password, and no page that only looks like this one can take it.':
    'Noch kein Passkey. Mit einem melden Sie sich ohne Passwort an, und keine Seite, die nur so aussieht wie diese, kann ihn stehlen.',
  'This browser has no passkeys.': 'Dieser Browser kann keine Passkeys.',
  'Whoever signs in with your password needs one of your passkeys too.': 'Wer sich mit Ihrem Passwort anmeldet, braucht auch einen Ihrer Passkeys.',
  'It is a security key without a PIN, for the second step only': 'Es ist ein Sicherheitsschlüssel ohne PIN, nur für den zweiten Schritt',
  'From now on, signing in asks for your security key. All other sessions have ended.': 'Von nun an wird bei der Anmeldung nach Ihrem Sicherheitsschlüssel gefragt. Alle anderen Sitzungen sind beendet.',
  'second step only': 'nur zweiter Schritt',
  synced: 'synchronisiert',
  'this device only': 'nur auf diesem Gerät',
} as const;

export const passkeyErrors = {
  passkey_unknown: 'Dieser Passkey gehört zu keinem Konto mehr: Er wurde entfernt. Melden Sie sich anders an.',
  passkey_expired: 'Das hat zu lange gedauert. Versuchen Sie es noch einmal.',
  invalid_passkey: 'Dieser Passkey wurde nicht angenommen.',
  passkey_cancelled: 'Es wurde kein Passkey verwendet: Es wurde abgebrochen, hat zu lange gedauert, oder es gibt keinen passenden.',
  passkey_exists: 'Dieses Gerät hat schon einen Passkey für dieses Konto.',
  passkey_origin: 'Unter dieser Adresse können keine Passkeys verwendet werden.',
  passkey_failed: 'Das konnte dieses Gerät nicht.',
  passkey_unsupported: 'Dieser Browser kann keine Passkeys.',
} as const;
