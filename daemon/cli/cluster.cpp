// members, lookup, ring: what one node knows of the cluster.
#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

bool as_json(const Arguments& arguments) {
  return arguments.get("--output") == "json";
}

// Prints the API's own JSON, or what `render` makes of it.
int show(Terminal& terminal, const Arguments& arguments, const std::string& path, const auto& render) {
  const auto body = ask(terminal, arguments, path);
  if (!body) return body.error();
  terminal.out << (as_json(arguments) ? *body : render(*body));
  return ok;
}

}  // namespace

int members(Terminal& terminal, const Arguments& arguments) {
  if (!arguments.words.empty())
    return show(terminal, arguments, "/v1/members/" + http::percent_encode(arguments.words[0]),
                render_member);
  std::string path = "/v1/members";
  for (const auto& [flag, parameter] : {std::pair{"--status", "status="}, std::pair{"--label", "label="}})
    for (const std::string& value : arguments.all(flag))
      path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(parameter) +
              http::percent_encode(value);
  return show(terminal, arguments, path, render_members);
}

int lookup(Terminal& terminal, const Arguments& arguments) {
  const auto n = parse_integer(arguments.get("--owners").value_or("1"));
  if (!n || *n < 1) return fail(terminal, usage, "-n is a number from 1 on");
  // For people the next owner is of interest as well: who takes over.
  const std::int64_t asked = as_json(arguments) ? *n : std::max<std::int64_t>(*n, 2);
  std::string path =
      "/v1/lookup?key=" + http::percent_encode(arguments.words[0]) + "&n=" + std::to_string(asked);
  if (arguments.has("--explain")) path += "&explain=true";
  return show(terminal, arguments, path,
              [&](const std::string& body) { return render_lookup(body, static_cast<std::size_t>(*n)); });
}

int ring(Terminal& terminal, const Arguments& arguments) {
  return show(terminal, arguments, arguments.has("--points") ? "/v1/ring?points=true" : "/v1/ring",
              render_ring);
}

}  // namespace ringside::cli
