// reload, log-level: a running node's configuration.
#include <nlohmann/json.hpp>

#include "daemon/cli/api_client.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& change) {
  const auto text = [&](const char* name) { return change.at(name).get<std::string>(); };
  return text("option") + ": " + text("from") + " -> " + text("to") + " (" + text("origin") + ")";
}

}  // namespace

int reload(Terminal& terminal, const Arguments& arguments) {
  const auto body = tell(terminal, arguments, "POST", "/v1/reload");
  if (!body) return body.error();
  if (arguments.get("--output") == "json") {
    terminal.out << *body;
    return ok;
  }
  const Json done = Json::parse(*body);
  for (const Json& change : done.at("applied")) terminal.out << "applied        " << line_of(change) << "\n";
  for (const Json& change : done.at("needs_restart"))
    terminal.out << "needs restart  " << line_of(change) << "\n";
  if (done.at("applied").empty() && done.at("needs_restart").empty())
    terminal.out << "no setting has changed; keys and tokens were read again\n";
  return ok;
}

int log_level(Terminal& terminal, const Arguments& arguments) {
  const auto body =
      tell(terminal, arguments, "PUT", "/v1/log-level", Json{{"level", arguments.words[0]}}.dump());
  if (!body) return body.error();
  const Json done = Json::parse(*body);
  if (arguments.get("--output") == "json")
    terminal.out << *body;
  else
    terminal.out << "the log level is " << done.at("level").get<std::string>() << ", it was "
                 << done.at("before").get<std::string>() << "\n";
  return ok;
}

}  // namespace ringside::cli
