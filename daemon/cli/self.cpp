// labels, weight: what a node says of itself to the others.
#include <nlohmann/json.hpp>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string lines_of(const Json& labels) {
  std::string out;
  for (const auto& [key, value] : labels.items()) out += key + "=" + value.get<std::string>() + "\n";
  return out;
}

// Prints what the node says after the patch: its answer, or a part of it for people.
int patch(Terminal& terminal, const Arguments& arguments, const Json& body, const auto& render) {
  const auto answer = tell(terminal, arguments, "PATCH", "/v1/self", body.dump());
  if (!answer) return answer.error();
  print(terminal, arguments, *answer, "", [&](const std::string& self) { return render(Json::parse(self)); });
  return ok;
}

int get_labels(Terminal& terminal, const Arguments& arguments) {
  const auto answer = ask(terminal, arguments, "/v1/self");
  if (!answer) return answer.error();
  const Json labels = Json::parse(*answer).at("labels");
  if (arguments.words.size() == 1) {
    print(terminal, arguments, labels.dump(), "", [&](const std::string&) { return lines_of(labels); });
    return ok;
  }
  const std::string& key = arguments.words[1];
  if (!labels.contains(key)) return fail(terminal, not_found, "this node has no label '" + key + "'");
  terminal.out << labels.at(key).get<std::string>() << "\n";
  return ok;
}

}  // namespace

int labels(Terminal& terminal, const Arguments& arguments) {
  const std::string& what = arguments.words[0];
  const std::span<const std::string> words = std::span(arguments.words).subspan(1);
  if (what == "get" && words.size() <= 1) return get_labels(terminal, arguments);
  if ((what != "set" && what != "rm") || words.empty())
    return fail(terminal, usage,
                "say what to do: ringside labels get [KEY], labels set KEY=VALUE..., or labels rm KEY...");
  Json wanted = Json::object();
  for (const std::string& word : words) {
    const auto mark = word.find('=');
    if (what == "set" && mark == std::string::npos)
      return fail(terminal, usage, "a label is written KEY=VALUE, not '" + word + "'");
    if (what == "set")
      wanted[word.substr(0, mark)] = word.substr(mark + 1);
    else
      wanted[word] = nullptr;
  }
  return patch(terminal, arguments, {{"labels", wanted}},
               [](const Json& self) { return lines_of(self.at("labels")); });
}

int weight(Terminal& terminal, const Arguments& arguments) {
  const auto wanted = parse_integer(arguments.words[0]);
  if (!wanted) return fail(terminal, usage, "the weight is a number, not '" + arguments.words[0] + "'");
  return patch(terminal, arguments, {{"weight", *wanted}}, [](const Json& self) {
    return "the weight is " + std::to_string(self.at("weight").get<int>()) +
           "; the others are being told, and keys move\n";
  });
}

}  // namespace ringside::cli
