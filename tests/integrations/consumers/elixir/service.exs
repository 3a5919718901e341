# Just enough of a service to ask the module on the page, with what Erlang brings.
Code.require_file("countersign.exs")

defmodule Service do
  def unquote(:do)(request) do
    headers = elem(request, 11)
    {_, authorization} = List.keyfind(headers, 'authorization', 0, {nil, ''})

    case Countersign.claims(to_string(authorization)) do
      {:ok, claims} -> respond(200, [content_type: 'application/json'], ~s({"user":"#{claims["username"]}"}))
      :error -> respond(401, [{'www-authenticate', 'Bearer error="invalid_token"'}], "")
    end
  end

  defp respond(status, headers, body) do
    body = to_charlist(body)
    length = Integer.to_charlist(length(body))
    {:proceed, [response: {:response, [code: status, content_length: length] ++ headers, body}]}
  end
end

[port] = System.argv()
Enum.each([:inets, :ssl, :jose], &({:ok, _} = Application.ensure_all_started(&1)))
{:ok, _} = Countersign.start_link([])

{:ok, _} =
  :inets.start(:httpd,
    port: String.to_integer(port),
    bind_address: '127.0.0.1',
    server_name: 'localhost',
    server_root: '.',
    document_root: '.',
    modules: [Service]
  )

Process.sleep(:infinity)
