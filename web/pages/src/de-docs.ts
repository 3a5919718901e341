// Deutsch, in der Höflichkeitsform: was nur die Seite über die API zeigt. Die Beschreibungen selbst sind auf Englisch wie `openapi.json`.

import { dictionary as shared, errors as sharedErrors } from './de.ts';

/** Only the page about the API shows these: no other page carries them. */
export const own = {
  'The descriptions of routes and fields are in English.': 'Die Beschreibungen der Routen und Felder sind auf Englisch.',
  Shapes: 'Formen',
  'Credential: {names}': 'Nachweis: {names}',
  none: 'keiner',
  'access token': 'Access-Token',
  'refresh cookie': 'Refresh-Cookie',
  'session cookie': 'Sitzungs-Cookie',
  'client secret': 'Client-Geheimnis',
  'feed key': 'Feed-Schlüssel',
  '{names}, or {name}': '{names} oder {name}',
  Parameters: 'Parameter',
  Request: 'Anfrage',
  '{title} (optional)': '{title} (optional)',
  'As {types}.': 'Als {types}.',
  Fields: 'Felder',
  optional: 'optional',
  'in the path': 'im Pfad',
  'in the query': 'in der Abfrage',
  'in the header': 'im Header',
  or: 'oder',
  'list of {type}': 'Liste von {type}',
  'Nothing matches.': 'Nichts passt dazu.',
  'The server cannot be reached. Check your connection and reload the page.': 'Der Server ist nicht erreichbar. Prüfen Sie Ihre Verbindung und laden Sie die Seite neu.',
} as const;

export const dictionary = { ...shared, ...own } as const;
export const errors = sharedErrors;
