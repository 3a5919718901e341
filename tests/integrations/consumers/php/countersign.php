<?php
declare(strict_types=1);

/** Verifies access tokens of Countersign (ES256) with PHP's openssl alone. */
final class Countersign
{
    private const ISSUER = 'https://auth.example.com';
    private const AUDIENCE = 'https://api.example.com';
    private const REFRESH_SECONDS = 300;
    private const UNKNOWN_KID_SECONDS = 10;
    /** The SPKI of every P-256 key: what stands before its x and y. */
    private const SPKI = '3059301306072a8648ce3d020106082a8648ce3d03010703420004';

    /** @param string $cache a file that this service alone may write: whoever can, chooses the keys */
    public function __construct(private readonly string $cache)
    {
    }

    /** @return array<string, mixed>|null the claims, or null for a token that is not valid here */
    public function claims(string $authorization): ?array
    {
        if (!preg_match('/^Bearer +(([\w-]+)\.([\w-]+))\.([\w-]+)$/iD', $authorization, $parts)) {
            return null;
        }
        [, $input, $head, $payload, $signature] = $parts;
        $header = self::json($head);
        $isOurs = ($header['alg'] ?? null) === 'ES256' && ($header['typ'] ?? null) === 'at+jwt' && !isset($header['crit']);
        $key = $isOurs && is_string($header['kid'] ?? null) ? $this->key($header['kid']) : null;
        $der = self::der(self::bytes($signature));
        if ($key === null || $der === null || openssl_verify($input, $der, $key, OPENSSL_ALGO_SHA256) !== 1) {
            return null;
        }
        $claims = self::json($payload);
        $now = time();
        $isValid = ($claims['iss'] ?? null) === self::ISSUER
            && ($claims['aud'] ?? null) === self::AUDIENCE
            && is_int($claims['exp'] ?? null) && $claims['exp'] > $now
            && (!isset($claims['nbf']) || is_int($claims['nbf']) && $claims['nbf'] <= $now)
            && is_string($claims['sub'] ?? null);
        return $isValid ? $claims : null;
    }

    /** The PEM of a published key. */
    private function key(string $kid): ?string
    {
        $cached = is_file($this->cache) ? json_decode((string) file_get_contents($this->cache), true) : null;
        $age = time() - ($cached['askedAt'] ?? 0);
        $isUnknown = !isset($cached['keys'][$kid]);
        if ($age > self::REFRESH_SECONDS || $isUnknown && $age > self::UNKNOWN_KID_SECONDS) {
            // If it fails, the old ones stay.
            $cached = ['askedAt' => time(), 'keys' => self::fetch() ?? $cached['keys'] ?? []];
            $new = $this->cache . '.' . getmypid();
            file_put_contents($new, json_encode($cached));
            rename($new, $this->cache);
        }
        return $cached['keys'][$kid] ?? null;
    }

    /** @return array<string, string>|null PEM by key ID */
    private static function fetch(): ?array
    {
        $http = stream_context_create(['http' => ['timeout' => 5, 'follow_location' => 0]]);
        $text = @file_get_contents(self::ISSUER . '/.well-known/jwks.json', false, $http, 0, 65_536);
        $keys = [];
        foreach (json_decode((string) $text, true)['keys'] ?? [] as $key) {
            [$x, $y] = [self::bytes($key['x'] ?? ''), self::bytes($key['y'] ?? '')];
            if (($key['crv'] ?? null) === 'P-256' && strlen($x) === 32 && strlen($y) === 32) {
                $spki = base64_encode(hex2bin(self::SPKI) . $x . $y);
                $keys[$key['kid']] = "-----BEGIN PUBLIC KEY-----\n" . chunk_split($spki, 64, "\n") . "-----END PUBLIC KEY-----\n";
            }
        }
        return $keys ?: null;
    }

    /** JWS has r and s as 64 bytes (RFC 7518 §3.4); OpenSSL wants them in DER. */
    private static function der(string $signature): ?string
    {
        if (strlen($signature) !== 64) {
            return null;
        }
        $integers = '';
        foreach (str_split($signature, 32) as $integer) {
            $integer = ltrim($integer, "\0");
            $integer = $integer === '' || ord($integer[0]) > 0x7f ? "\0" . $integer : $integer;
            $integers .= "\x02" . chr(strlen($integer)) . $integer;
        }
        return "\x30" . chr(strlen($integers)) . $integers;
    }

    private static function bytes(string $base64url): string
    {
        return (string) base64_decode(strtr($base64url, '-_', '+/'), true);
    }

    /** @return array<string, mixed> */
    private static function json(string $part): array
    {
        $value = json_decode(self::bytes($part), true);
        return is_array($value) ? $value : [];
    }
}
