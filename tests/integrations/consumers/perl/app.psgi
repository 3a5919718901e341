use strict;
use warnings;

use Crypt::JWT qw(decode_jwt);
use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);

my $ISSUER   = 'https://auth.example.com';
my $AUDIENCE = 'https://api.example.com';

my $http = HTTP::Tiny->new(
    verify_SSL   => 1,
    SSL_options  => { SSL_ca_file => '/etc/ssl/certs/ca-certificates.crt' },
    max_redirect => 0,
    max_size     => 65_536,
    timeout      => 5,
);
my ($keys, $asked_at) = (undef, 0);

# Fetches the issuer's JWK Set if it is older than five minutes, or after `$unknown_kid`, at most every ten seconds.
sub fetch {
    my ($unknown_kid) = @_;
    my $age = time - $asked_at;
    return unless $age > ($unknown_kid ? 10 : 300);
    $asked_at = time;
    my $response = $http->get("$ISSUER/.well-known/jwks.json");
    my $fetched = eval { decode_json($response->{content}) };
    $keys = $fetched if $response->{success} && $fetched;    # If it fails, the old ones stay.
}

sub verify {
    my ($token) = @_;
    my ($header, $claims) = decode_jwt(
        token         => $token,
        kid_keys      => $keys,
        accepted_alg  => 'ES256',
        verify_iss    => sub { $_[0] eq $ISSUER },
        verify_aud    => sub { !ref $_[0] && $_[0] eq $AUDIENCE },
        verify_exp    => 1,
        decode_header => 1,
    );
    die "not an access token\n" unless ($header->{typ} // '') eq 'at+jwt';
    return $claims;
}

sub authenticate {
    my ($env) = @_;
    my ($token) = ($env->{HTTP_AUTHORIZATION} // '') =~ /^Bearer +(\S+)$/i or return;
    fetch(0);
    return eval { verify($token) } // do {
        my $is_unknown = ($@ // '') =~ /kid_keys lookup failed/;
        fetch(1) if $is_unknown;
        $is_unknown ? eval { verify($token) } : undef;
    };
}

sub {
    my ($env) = @_;
    my $claims = authenticate($env)
        or return [401, ['WWW-Authenticate' => 'Bearer error="invalid_token"'], []];
    return [200, ['Content-Type' => 'application/json'], [encode_json({ user => $claims->{username} })]];
};
