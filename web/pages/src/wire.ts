// Generated from docs/openapi.json by `npm run build`. Do not edit.

/** The kinds of events in the audit log. */
export const AUDIT_KINDS = [
  'login_succeeded',
  'login_failed',
  'login_throttled',
  'spray_suspected',
  'session_ended',
  'refresh_reuse_detected',
  'session_healed',
  'revocation_restored',
  'store_restored',
  'backup_made',
  'password_changed',
  'password_taken_over',
  'password_change_required',
  'password_change_waived',
  'account_created',
  'account_changed',
  'account_disabled',
  'account_enabled',
  'account_deletion_requested',
  'account_deletion_cancelled',
  'account_deleted',
  'accounts_exported',
  'key_created',
  'key_imported',
  'key_exported',
  'key_restored',
  'key_withdrawn',
  'key_removed',
  'master_key_changed',
  'feed_key_created',
  'feed_key_removed',
  'client_created',
  'client_removed',
  'api_key_created',
  'api_key_used',
  'api_key_revoked',
  'delivery_retried',
  'delivery_dropped',
  'email_added',
  'email_verified',
  'email_primary_changed',
  'email_removed',
  'email_restored',
  'ticket_issued',
  'password_reset',
  'sign_in_approved',
  'account_registered',
  'invitation_withdrawn',
  'factor_added',
  'factor_removed',
  'passkey_counter_fell',
  'recovery_codes_made',
  'recovery_code_used',
  'reauthenticated',
  'device_trusted',
  'device_bound',
  'device_proof_missing',
  'app_allowed',
  'app_connected',
  'app_disconnected',
] as const;

export interface components {
    schemas: {
        /** @description An account, as its owner and administrators see it. */
        readonly Account: {
            /** @description The application's own claims, which go into every access token. */
            readonly claims: {
                readonly [key: string]: unknown;
            };
            readonly createdAt: components["schemas"]["Instant"];
            /** @description When it is deleted, because its owner has asked for that; it is disabled until then. */
            readonly deletionAt?: components["schemas"]["Instant"];
            readonly disabled: boolean;
            /**
             * Format: date-time
             * @description Since when, if it is disabled.
             */
            readonly disabledAt: string | null;
            /** @description Whether it has a password here; without one its owner cannot sign in with any that is kept here. */
            readonly hasPassword: boolean;
            /** @description The language of mails about the account, as a tag of BCP 47; `null`: as the browser says that asks for one. */
            readonly locale: string | null;
            /** @description Whether the owner must choose a new password before the next session starts. */
            readonly passwordChangeRequired: boolean;
            readonly role: string;
            readonly userId: components["schemas"]["Id"];
            readonly username: string;
        };
        readonly AddedFactor: {
            readonly factor: components["schemas"]["Factor"];
            /** @description Shown once; empty if the account has some. */
            readonly recoveryCodes: readonly string[];
        };
        /** @description An API key; never its secret. */
        readonly ApiKey: {
            readonly accountId: components["schemas"]["Id"];
            /** @description The one audience that its tokens are for; `null`: the default audience. */
            readonly audience: string | null;
            readonly createdAt: components["schemas"]["Instant"];
            readonly expiresAt: components["schemas"]["Instant"] | null;
            readonly id: components["schemas"]["Id"];
            /** @description To the hour. */
            readonly lastUsedAt: components["schemas"]["Instant"] | null;
            /** @description Whether it is neither expired nor revoked. */
            readonly live: boolean;
            readonly name: string;
            readonly revokedAt: components["schemas"]["Instant"] | null;
            /** @description What its tokens are limited to, with spaces between them; empty: everything that the account may do there. */
            readonly scope: string;
        };
        /** @description An event of the audit log. */
        readonly AuditEvent: {
            /**
             * Format: uuid
             * @description The account that the event is about.
             */
            readonly accountId: string | null;
            /** @description `anonymous`, `account`, `command_line` or `system`. */
            readonly actor: string;
            /**
             * Format: uuid
             * @description The account that acted, if one did.
             */
            readonly actorId?: string;
            readonly address: string | null;
            readonly at: components["schemas"]["Instant"];
            readonly detail: string | null;
            readonly event: components["schemas"]["AuditKind"];
            /** @description The `X-Request-Id` of the response, if it was an HTTP request. */
            readonly requestId?: string;
            /** @description Its number in the log. Where several nodes write the log, an event with a smaller one may appear later. */
            readonly sequence: number;
            /** Format: uuid */
            readonly sessionId: string | null;
        };
        /** @enum {string} */
        readonly AuditKind: "login_succeeded" | "login_failed" | "login_throttled" | "spray_suspected" | "session_ended" | "refresh_reuse_detected" | "session_healed" | "revocation_restored" | "store_restored" | "backup_made" | "password_changed" | "password_taken_over" | "password_change_required" | "password_change_waived" | "account_created" | "account_changed" | "account_disabled" | "account_enabled" | "account_deletion_requested" | "account_deletion_cancelled" | "account_deleted" | "accounts_exported" | "key_created" | "key_imported" | "key_exported" | "key_restored" | "key_withdrawn" | "key_removed" | "master_key_changed" | "feed_key_created" | "feed_key_removed" | "client_created" | "client_removed" | "api_key_created" | "api_key_used" | "api_key_revoked" | "delivery_retried" | "delivery_dropped" | "email_added" | "email_verified" | "email_primary_changed" | "email_removed" | "email_restored" | "ticket_issued" | "password_reset" | "sign_in_approved" | "account_registered" | "invitation_withdrawn" | "factor_added" | "factor_removed" | "passkey_counter_fell" | "recovery_codes_made" | "recovery_code_used" | "reauthenticated" | "device_trusted" | "device_bound" | "device_proof_missing" | "app_allowed" | "app_connected" | "app_disconnected";
        /** @description An application that may do something for the account. */
        readonly ConnectedApp: {
            readonly clientId: string;
            /** @description Where responses to it go: hosts, or schemes of programs. None if it is not configured any more. */
            readonly hosts: readonly string[];
            /** @description When it last got a token; `null` if it has no session. */
            readonly lastUsedAt: components["schemas"]["Instant"] | null;
            /** @description What it is called; its ID if it is not configured any more. */
            readonly name: string;
            /** @description The names of the audiences that it may ask tokens for. */
            readonly resources: readonly string[];
            /** @description What it may do, with spaces between them. */
            readonly scope: string;
            readonly since: components["schemas"]["Instant"];
        };
        readonly Email: {
            /** Format: idn-email */
            readonly address: string;
            readonly createdAt: components["schemas"]["Instant"];
            readonly id: components["schemas"]["Id"];
            /** @description Whether notices go to it. */
            readonly primary: boolean;
            /** @description When its owner has shown that they read its mail. */
            readonly verifiedAt: components["schemas"]["Instant"] | null;
        };
        /** @description An authenticator of an account. */
        readonly Factor: {
            readonly createdAt: components["schemas"]["Instant"];
            readonly id: components["schemas"]["Id"];
            /** @description `totp`, `passkey`; other kinds may come. */
            readonly kind: string;
            readonly lastUsedAt: components["schemas"]["Instant"] | null;
            readonly name: string;
            readonly passkey?: components["schemas"]["Passkey"];
        };
        /** @description What an authenticator gets. Secret. */
        readonly FactorOffer: {
            /** @description Comes back with the first code. */
            readonly enrolment: string;
            /** @description A picture of the URI for a camera: the document of an SVG image. */
            readonly qr: string;
            /** @description In Base32, for whoever types it into an app. */
            readonly secret: string;
            /**
             * Format: uri
             * @description For an app on this device.
             */
            readonly uri: string;
        };
        readonly FactorsBody: {
            readonly factors: readonly components["schemas"]["Factor"][];
            /** @description What a page tells password managers about (WebAuthn Level 3, section 5.1.10); absent where passkeys are not offered. */
            readonly passkeys?: {
                readonly rpId: string;
                readonly userHandle: string;
            };
            readonly recoveryCodesLeft: number;
            /** @description Whether the account has to have an authenticator. */
            readonly required: boolean;
            readonly trustedDevices: readonly components["schemas"]["TrustedDevice"][];
        };
        /** @description One thing that is not as it should be. */
        readonly Finding: {
            /** @description A stable name. */
            readonly id: string;
            /** @description The command that mends it, or what to change. */
            readonly mend: string;
            /** @description What was seen. */
            readonly seen: string;
            /**
             * @description `warning`: it works, and somebody should look at it; `error`: it does not work, or is not safe.
             * @enum {string}
             */
            readonly severity: "warning" | "error";
            /** @description Why it matters. */
            readonly why: string;
        };
        /** @description A service that follows the feed of ended sessions at this moment. */
        readonly Follower: {
            readonly address: string | null;
            /** @description How many events it has not been given yet. */
            readonly behind: number;
            /** @description For how long it has not had everything, in milliseconds. */
            readonly lag: number;
            /** @description The name of its feed key; `null` where the feed is public. */
            readonly name: string | null;
            /** @description Since when it is connected. */
            readonly since: components["schemas"]["Instant"];
            /** @description Whether it has a stream; otherwise it asks again and again. */
            readonly stream: boolean;
        };
        /** Format: uuid */
        readonly Id: string;
        /**
         * Format: date-time
         * @description An instant in the form of RFC 3339; in responses in UTC with milliseconds.
         */
        readonly Instant: string;
        readonly Invitation: {
            /** Format: idn-email */
            readonly address: string;
            readonly createdAt: components["schemas"]["Instant"];
            readonly expiresAt: components["schemas"]["Instant"];
            readonly id: components["schemas"]["Id"];
            /** @description The role that the account will have. */
            readonly role: string;
        };
        /** @description A signing key; never the key itself. */
        readonly Key: {
            /** @description From when on it signs. */
            readonly activeFrom: components["schemas"]["Instant"];
            readonly alg: string;
            readonly createdAt: components["schemas"]["Instant"];
            readonly kid: string;
            /** @description `next` is published and does not sign yet, `active` signs, `retired` still verifies. */
            readonly state: string;
        };
        /** @description What has happened lately on all nodes, and how things are now. */
        readonly Overview: {
            /** @description Now. */
            readonly at: components["schemas"]["Instant"];
            /** @description For how long the slowest of them has not had everything, in milliseconds. */
            readonly feedLag: number | null;
            /** @description What `countersign doctor` finds wrong about this node; `null` where nobody has looked. */
            readonly findings: readonly components["schemas"]["Finding"][] | null;
            /**
             * Format: date-time
             * @description When it was looked.
             */
            readonly findingsAt: string | null;
            /** @description Services that follow the feed of this node. */
            readonly followers: number;
            /** @description Passwords that wait for their computation on this node. */
            readonly hashingQueue: number;
            /**
             * Format: date-time
             * @description Of when the last backup is that the store knows of.
             */
            readonly lastBackupAt: string | null;
            /**
             * Format: date-time
             * @description When the next signing key takes over; `null` where keys are not rotated.
             */
            readonly nextKeyAt: string | null;
            /** @enum {string} */
            readonly range: "hour" | "day" | "month";
            /** @description Those in which there was anything. */
            readonly series: readonly components["schemas"]["Series"][];
            /** @description How many sessions were alive when they were last counted. */
            readonly sessions: number | null;
            /**
             * Format: date-time
             * @description The minute in which they were counted.
             */
            readonly sessionsAt: string | null;
            /** @description How long a step of the series is, in seconds. */
            readonly step: number;
            /** @description When each step begins. */
            readonly times: readonly components["schemas"]["Instant"][];
        };
        /** @description What a passkey is, beside its name and times. */
        readonly Passkey: {
            /** @description The model of its authenticator, which nothing proves. */
            readonly aaguid: string | null;
            /** @description Whether it was synchronised when it was last used. */
            readonly backedUp: boolean;
            /** @description Whether it can be synchronised to other devices. */
            readonly backupEligible: boolean;
            /** @description In base64url. */
            readonly credentialId: string;
            /** @description Whether it signs in alone; one that does not is for the second step. */
            readonly signsIn: boolean;
            readonly transports: readonly string[];
        };
        readonly RecoveryCodesBody: {
            readonly recoveryCodes: readonly string[];
        };
        /** @description One figure over time. */
        readonly Series: {
            /**
             * @description `feed_lag` is in milliseconds.
             * @enum {string}
             */
            readonly figure: "logins" | "refreshes" | "sessions" | "hashing_queue" | "feed_lag";
            /** @description Which outcome of a sign-in or a refresh; empty for the others. */
            readonly label: string;
            /** @description One for each step: how many there were, or the highest; `null` where it is not known. */
            readonly values: readonly (number | null)[];
        };
        /** @description A session: one login on one device. */
        readonly Session: {
            readonly accountId: components["schemas"]["Id"];
            /** @description The client address of the login or of the last rotation. */
            readonly address: string | null;
            /** @description Whether it is bound to its device, so that no other can refresh it. */
            readonly bound: boolean;
            /** @description The ID of the application whose session it is; absent of a sign-in to this server itself. */
            readonly clientId?: string;
            readonly createdAt: components["schemas"]["Instant"];
            /** @description Whether it is the session of the request. */
            readonly current?: boolean;
            /** @description Why it ended early. */
            readonly endReason?: string;
            /** @description When it ended early; absent while it lives, and where it just ran out. */
            readonly endedAt?: components["schemas"]["Instant"];
            /** @description When it ends unless it is used before. */
            readonly expiresAt: components["schemas"]["Instant"];
            readonly id: components["schemas"]["Id"];
            readonly lastUsedAt: components["schemas"]["Instant"];
            /** @description What that application may do. */
            readonly scope?: string;
            /** @description The `User-Agent` of the login. */
            readonly userAgent: string | null;
        };
        /** @description A device on which the owner of an account is not asked for a second factor. */
        readonly TrustedDevice: {
            readonly createdAt: components["schemas"]["Instant"];
            readonly expiresAt: components["schemas"]["Instant"];
            readonly id: components["schemas"]["Id"];
            readonly userAgent: string | null;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type Account = components['schemas']['Account'];
export type AddedFactor = components['schemas']['AddedFactor'];
export type ApiKey = components['schemas']['ApiKey'];
export type AuditEvent = components['schemas']['AuditEvent'];
export type AuditKind = components['schemas']['AuditKind'];
export type ConnectedApp = components['schemas']['ConnectedApp'];
export type Email = components['schemas']['Email'];
export type Factor = components['schemas']['Factor'];
export type FactorOffer = components['schemas']['FactorOffer'];
export type FactorsBody = components['schemas']['FactorsBody'];
export type Finding = components['schemas']['Finding'];
export type Follower = components['schemas']['Follower'];
export type Id = components['schemas']['Id'];
export type Instant = components['schemas']['Instant'];
export type Invitation = components['schemas']['Invitation'];
export type Key = components['schemas']['Key'];
export type Overview = components['schemas']['Overview'];
export type Passkey = components['schemas']['Passkey'];
export type RecoveryCodesBody = components['schemas']['RecoveryCodesBody'];
export type Series = components['schemas']['Series'];
export type Session = components['schemas']['Session'];
export type TrustedDevice = components['schemas']['TrustedDevice'];
