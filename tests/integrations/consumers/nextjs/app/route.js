import { authenticated } from '../authenticated.js';

export const GET = authenticated((request, { claims }) => Response.json({ user: claims.username }));
