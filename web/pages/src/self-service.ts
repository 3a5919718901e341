// What people do for their own account, as the client's second module does it.

import { createSelfService, type SelfService } from '@countersign/client/account';
import { client } from './api.ts';
import { proved } from './device.ts';

export const account: SelfService = createSelfService(client, proved);
