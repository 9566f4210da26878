// reload, log-level: a running node's configuration.
#include <nlohmann/json.hpp>

#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
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
  print(terminal, arguments, *body, "", [](const std::string& document) {
    const Json done = Json::parse(document);
    std::string out;
    for (const Json& change : done.at("applied")) out += "applied        " + line_of(change) + "\n";
    for (const Json& change : done.at("needs_restart")) out += "needs restart  " + line_of(change) + "\n";
    return out.empty() ? "no setting has changed; keys and tokens were read again\n" : out;
  });
  return ok;
}

int log_level(Terminal& terminal, const Arguments& arguments) {
  const auto body =
      tell(terminal, arguments, "PUT", "/v1/log-level", Json{{"level", arguments.words[0]}}.dump());
  if (!body) return body.error();
  print(terminal, arguments, *body, "", [](const std::string& document) {
    const Json done = Json::parse(document);
    return "the log level is " + done.at("level").get<std::string>() + ", it was " +
           done.at("before").get<std::string>() + "\n";
  });
  return ok;
}

}  // namespace ringside::cli
