// status, health, wait: how a node is, for people, for health checks and for scripts.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis poll_interval{100};
constexpr Millis calm_time{3'000};  // 15 gossip periods by default: what anybody knows has been spread

// Is it so yet? If not, `text` says what is missing; `exit` is ok or why asking failed.
struct Answer {
  bool yes = false;
  Exit exit = ok;
  std::string text;
};

std::string reasons(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  std::string out;
  if (json.is_object() && json.contains("reasons"))
    for (const Json& reason : json["reasons"]) out += (out.empty() ? "" : "; ") + reason.get<std::string>();
  return out.empty() ? "it gave no reason" : out;
}

Answer ask_health(const Terminal& terminal, const Endpoint& at, const std::string& path, Millis timeout) {
  const auto request = request_for(terminal, path);
  const auto response = fetch(at, request, timeout);
  if (!response) return {false, exit_of(response.error()), response.error().text};
  if (response->status == 204) return {true, ok, ""};
  if (response->status == 503) return {false, ok, "not ready: " + reasons(response->body)};
  return {false, failed, problem_text(*response)};
}

Answer ask_members(const Terminal& terminal, const Endpoint& at, std::int64_t wanted, Millis timeout) {
  const auto request = request_for(terminal, "/v1/members?status=alive");
  const auto response = fetch(at, request, timeout);
  if (!response) return {false, exit_of(response.error()), response.error().text};
  if (response->status != 200) return {false, failed, problem_text(*response)};
  const auto alive = static_cast<std::int64_t>(Json::parse(response->body).at("members").size());
  return {alive >= wanted, ok,
          std::to_string(alive) + " of " + std::to_string(wanted) + " members are alive"};
}

// Whether nothing moves any more: the node is ready, suspects nobody, and neither its members nor its ring
// have changed for calm_time.
class Calm {
 public:
  Answer ask(const Terminal& terminal, const Endpoint& at, Millis timeout) {
    const Instant now = terminal.now();
    Answer ready = ask_health(terminal, at, "/v1/readyz", timeout);
    if (!ready.yes) return moved(ready);
    const auto response = fetch(at, request_for(terminal, "/v1/members"), timeout);
    if (!response) return moved({false, exit_of(response.error()), response.error().text});
    if (response->status != 200) return moved({false, failed, problem_text(*response)});
    const Json view = Json::parse(response->body);
    for (const Json& member : view.at("members"))
      if (member.at("status") == "suspect")
        return moved({false, ok, member.at("name").get<std::string>() + " is suspect"});
    const std::string seen = view.at("checksum").get<std::string>() + places(view);
    if (std::exchange(seen_, seen) != seen) since_ = now;
    return {now - since_ >= calm_time, ok,
            "the members changed less than " + print_duration(calm_time) + " ago"};
  }

 private:
  Answer moved(Answer answer) {
    seen_.clear();
    return answer;
  }

  static std::string places(const Json& view) {
    std::string all;
    for (const Json& member : view.at("members")) all += member.at("in_ring").get<bool>() ? '1' : '0';
    return all;
  }

  std::string seen_;
  Instant since_{};
};

// What --for names, as a question to the node.
using Question = std::function<Answer(const Terminal&, const Endpoint&, Millis)>;
Result<Question, std::string> parse_question(const std::string& text) {
  if (text == "stable")
    return Question([calm = Calm()](const Terminal& terminal, const Endpoint& at, Millis timeout) mutable {
      return calm.ask(terminal, at, timeout);
    });
  for (const auto& [word, page] : {std::pair{"ready", "/v1/readyz"}, std::pair{"outbound", "/v1/outboundz"}})
    if (text == word)
      return Question(
          [path = std::string(page)](const Terminal& terminal, const Endpoint& at, Millis timeout) {
            return ask_health(terminal, at, path, timeout);
          });
  if (text.starts_with("members=")) {
    const auto count = parse_integer(text.substr(8));
    if (count && *count > 0)
      return Question([n = *count](const Terminal& terminal, const Endpoint& at, Millis timeout) {
        return ask_members(terminal, at, n, timeout);
      });
  }
  return "--for is ready, outbound, stable or members=N, not '" + text + "'";
}

int keep_asking(Terminal& terminal, const Endpoint& at, const Question& question, Millis patience) {
  const Instant deadline = terminal.now() + patience;
  std::string told;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - terminal.now());
    const Answer answer = question(terminal, at, std::clamp(left, Millis{1}, ask_timeout));
    if (answer.yes) return ok;
    if (answer.text != told) terminal.err << "waiting: " << answer.text << "\n" << std::flush;
    told = answer.text;
    if (terminal.now() + poll_interval >= deadline)
      return fail(terminal, timed_out, "gave up after " + print_duration(patience) + ": " + answer.text);
    terminal.sleep(poll_interval);
  }
}

}  // namespace

int status(Terminal& terminal, const Arguments& arguments) {
  const auto self = ask(terminal, arguments, "/v1/self");
  if (!self) return self.error();
  std::vector<std::string> all{*self};
  for (const std::string& word : arguments.words) {
    const auto address = api_endpoint(terminal, arguments, word);
    if (!address) return fail(terminal, usage, "'" + word + "' is no API address: " + address.error());
    auto other = ask(terminal, *address, "/v1/self");
    if (!other) return other.error();
    all.push_back(std::move(*other));
  }
  const Agreement agreement = compare(all);
  if (!for_people(arguments)) {
    for (const std::string& json : all) terminal.out << as_json(arguments, json, "");
  } else {
    terminal.out << render_self(*self);
    if (all.size() > 1)
      terminal.out << "\n" << agreement.text;
    else
      terminal.out << "\nto see whether other nodes agree: ringside status OTHER_API_ADDRESS...\n";
  }
  return agreement.agrees ? ok : failed;
}

int health(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  const Answer answer = ask_health(terminal, *address, "/v1/readyz", ask_timeout);
  if (!answer.yes) return fail(terminal, answer.exit == ok ? failed : answer.exit, answer.text);
  print(terminal, arguments, R"({"ready":true})", "", [](const std::string&) { return "ready\n"; });
  return ok;
}

int wait(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  const auto question = parse_question(arguments.get("--for").value_or("ready"));
  if (!question) return fail(terminal, usage, question.error());
  const auto patience = parse_duration(arguments.get("--timeout").value_or("30s"));
  if (!patience) return fail(terminal, usage, "--timeout: " + patience.error());
  return keep_asking(terminal, *address, *question, *patience);
}

}  // namespace ringside::cli
