// Generated from docs/openapi.json by `npm run build`. Do not edit.

export interface components {
    schemas: {
        readonly Deletion: {
            /** @description Until when its owner can take it back. */
            readonly deletionAt: components["schemas"]["Instant"];
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
        /** @enum {string} */
        readonly ErrorCode: "account_deletion_off" | "account_disabled" | "address_taken" | "ambiguous_refresh_token" | "audience_not_permitted" | "body_too_large" | "conflict" | "cross_origin" | "deletion_pending" | "device_challenge" | "device_proof_required" | "device_session_required" | "domain_not_allowed" | "dpop_proof_required" | "email_not_verified" | "email_verified" | "forbidden" | "insufficient_scope" | "internal_error" | "invalid_credentials" | "invalid_device_proof" | "invalid_dpop_proof" | "invalid_passkey" | "invalid_password" | "invalid_refresh_token" | "invalid_request" | "invalid_second_factor" | "invalid_token" | "invalid_value" | "last_administrator" | "method_not_allowed" | "no_refresh_token" | "no_verified_email" | "not_found" | "overloaded" | "passkey_exists" | "passkey_expired" | "passkey_unknown" | "password_change_required" | "password_common" | "password_like_service" | "password_like_username" | "password_repetitive" | "password_too_short" | "password_unchanged" | "proof_required" | "proofs_unavailable" | "reauthentication_required" | "refresh_token_reused" | "registration_off" | "request_timeout" | "second_factor_expired" | "second_factor_needed" | "second_factor_required" | "session_expired" | "session_revoked" | "shared_secret" | "sign_in_too_old" | "ticket_invalid" | "timeout" | "token_bound" | "token_expired" | "token_required" | "token_revoked" | "token_too_large" | "too_many_api_keys" | "too_many_attempts" | "too_many_emails" | "too_many_factors" | "too_many_keys" | "too_many_mails" | "unavailable" | "unknown_audience" | "unsupported_media_type" | "use_dpop_nonce" | "username_invalid" | "username_looks_alike" | "username_taken" | "wrong_host" | "wrong_password";
        /** Format: uuid */
        readonly Id: string;
        /**
         * Format: date-time
         * @description An instant in the form of RFC 3339; in responses in UTC with milliseconds.
         */
        readonly Instant: string;
        readonly StartedMail: {
            /** @description Of a sign-in: to be shown. Whoever opens the link in another browser types them there. */
            readonly digits?: string;
            /** @description For so many seconds a mail is good. */
            readonly expiresIn: number;
        };
        /** @description The body of a successful login or refresh. */
        readonly TokenResponse: {
            readonly accessToken: string;
            /** @description For a client that asked for its tokens in the body: it makes the device known at the next login. */
            readonly deviceToken?: string;
            /** @description Seconds from now until the access token expires. */
            readonly expiresIn: number;
            /** @description Of an account that got its first authenticator with this login; shown once. */
            readonly recoveryCodes?: readonly string[];
            /** @description For a client that asked for it in the body; absent where it keeps the one that it has. */
            readonly refreshToken?: string;
            /** @description The access token again, under the name that the simplest clients look for. */
            readonly token: string;
            /**
             * @description `DPoP` where the tokens of the audience are bound to the key of the device (RFC 9449 §7.1).
             * @enum {string}
             */
            readonly tokenType: "Bearer" | "DPoP";
            readonly user: components["schemas"]["User"];
        };
        /** @description The signed-in account, as a token response names it. */
        readonly User: {
            readonly role: string;
            readonly userId: components["schemas"]["Id"];
            readonly username: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type Deletion = components['schemas']['Deletion'];
export type Email = components['schemas']['Email'];
export type ErrorCode = components['schemas']['ErrorCode'];
export type Id = components['schemas']['Id'];
export type Instant = components['schemas']['Instant'];
export type StartedMail = components['schemas']['StartedMail'];
export type TokenResponse = components['schemas']['TokenResponse'];
export type User = components['schemas']['User'];
