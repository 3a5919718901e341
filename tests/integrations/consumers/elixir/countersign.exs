defmodule Countersign do
  @moduledoc "Verifies access tokens of Countersign with erlang-jose."
  use Agent

  @issuer "https://auth.example.com"
  @audience "https://api.example.com"
  @refresh_seconds 300
  @unknown_kid_seconds 10

  def start_link(_), do: Agent.start_link(fn -> {%{}, nil} end, name: __MODULE__)

  @doc "The claims of the token in an `Authorization` header, or `:error`."
  def claims(authorization) do
    with [_, token] <- Regex.run(~r/\ABearer +(\S+)\z/i, authorization),
         %{"typ" => "at+jwt", "kid" => kid} <- peek(token),
         %{^kid => key} <- keys(kid),
         # The strict one: `verify` alone believes the token's own algorithm.
         {true, {:jose_jwt, claims}, _} <- :jose_jwt.verify_strict(key, ["ES256"], token),
         true <- valid?(claims, System.os_time(:second)) do
      {:ok, claims}
    else
      _ -> :error
    end
  end

  defp valid?(%{"iss" => @issuer, "aud" => @audience, "sub" => _, "exp" => exp} = claims, now) do
    is_integer(exp) and exp > now and Map.get(claims, "nbf", now) <= now
  end

  defp valid?(_, _), do: false

  defp peek(token) do
    {:jose_jws, _, _, fields} = :jose_jwt.peek_protected(token)
    fields
  rescue
    # The library raises where there is no token at all.
    _ -> :error
  end

  # An unknown kid makes it fetch again, at most every ten seconds.
  defp keys(kid) do
    Agent.get_and_update(__MODULE__, fn {keys, asked_at} ->
      now = System.monotonic_time(:second)
      limit = if is_map_key(keys, kid), do: @refresh_seconds, else: @unknown_kid_seconds

      if asked_at == nil or now - asked_at > limit do
        # If it fails, the old ones stay.
        keys = fetch() || keys
        {keys, {keys, now}}
      else
        {keys, {keys, asked_at}}
      end
    end)
  end

  defp fetch do
    tls = [
      verify: :verify_peer,
      cacertfile: "/etc/ssl/certs/ca-certificates.crt",
      customize_hostname_check: [match_fun: :public_key.pkix_verify_hostname_match_fun(:https)]
    ]

    url = String.to_charlist(@issuer <> "/.well-known/jwks.json")

    with {:ok, {{_, 200, _}, _, body}} <-
           :httpc.request(:get, {url, []}, [ssl: tls, timeout: 4_000, autoredirect: false], body_format: :binary),
         %{"keys" => [_ | _] = keys} <- :jose.decode(body) do
      Map.new(keys, &{&1["kid"], :jose_jwk.from_map(&1)})
    else
      _ -> nil
    end
  end
end
