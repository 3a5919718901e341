require 'json'
require 'jwt'
require 'net/http'

ISSUER = 'https://auth.example.com'
AUDIENCE = 'https://api.example.com'

# The issuer's JWK Set. An unknown kid makes it fetch again, at most every ten seconds.
class Keys
  def initialize
    @lock = Mutex.new
    @asked_at = -Float::INFINITY
  end

  # What JWT.decode calls: first without, then with :kid_not_found.
  def call(options)
    @lock.synchronize do
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      age = now - @asked_at
      if age > 300 || (options[:kid_not_found] && age > 10)
        @asked_at = now
        @set = fetch || @set
      end
      @set || raise(JWT::DecodeError, 'no keys')
    end
  end

  private

  def fetch
    uri = URI("#{ISSUER}/.well-known/jwks.json")
    response = Net::HTTP.start(uri.host, uri.port, use_ssl: true, open_timeout: 5, read_timeout: 5) { |http| http.get(uri.path) }
    JSON.parse(response.body, symbolize_names: true) if response.is_a?(Net::HTTPSuccess)
  rescue SystemCallError, Timeout::Error, OpenSSL::SSL::SSLError, JSON::ParserError
    nil # the old ones stay
  end
end

# Rack middleware: nothing is reached without a valid access token.
class Authenticate
  REFUSAL = [401, { 'WWW-Authenticate' => 'Bearer error="invalid_token"' }, []].freeze
  RULES = {
    algorithms: ['ES256'],
    iss: ISSUER, verify_iss: true,
    aud: AUDIENCE, verify_aud: true,
    required_claims: %w[exp sub sid]
  }.freeze

  def initialize(app)
    @app = app
    @keys = Keys.new
  end

  def call(env)
    token = env['HTTP_AUTHORIZATION'].to_s[/\ABearer +(\S+)\z/i, 1]
    claims, header = JWT.decode(token, nil, true, RULES.merge(jwks: @keys.method(:call)))
    return REFUSAL unless header['typ'] == 'at+jwt'

    @app.call(env.merge('countersign.claims' => claims))
  rescue JWT::DecodeError
    REFUSAL
  end
end

use Authenticate
run lambda { |env|
  [200, { 'Content-Type' => 'application/json' }, [JSON.generate(user: env['countersign.claims']['username'])]]
}
