// members, lookup, ring: what one node knows of the cluster. evict, reap, heal, join, partitions: what it can
// be told to do about it.
#include <nlohmann/json.hpp>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

// Prints a read of the API. `rows`: the list in it.
int show(Terminal& terminal, const Arguments& arguments, const std::string& path, std::string_view rows,
         const auto& render) {
  const auto body = ask(terminal, arguments, path);
  if (!body) return body.error();
  print(terminal, arguments, *body, rows, render);
  return ok;
}

// The same for an order.
int order(Terminal& terminal, const Arguments& arguments, std::string method, std::string path,
          std::string json_body, std::string_view rows, const auto& render) {
  const auto body = tell(terminal, arguments, std::move(method), std::move(path), std::move(json_body));
  if (!body) return body.error();
  print(terminal, arguments, *body, rows,
        [&](const std::string& document) { return render(Json::parse(document)); });
  return ok;
}

// What one node is asked decides nothing here: all of them are.
int lookup_everywhere(Terminal& terminal, const Arguments& arguments) {
  if (arguments.has("--owners") || arguments.has("--explain"))
    return fail(terminal, usage, "--all-nodes names one owner for each node; leave -n and --explain out");
  const auto body = ask(terminal, arguments, "/v1/owners?key=" + http::percent_encode(arguments.words[0]));
  if (!body) return body.error();
  print(terminal, arguments, *body, "nodes", render_owners);
  if (Json::parse(*body).at("agree") == true) return ok;
  return fail(terminal, failed,
              "the nodes do not agree on the owner of " + arguments.words[0] +
                  "; if it lasts for more than a few seconds: ringside partitions");
}

}  // namespace

int members(Terminal& terminal, const Arguments& arguments) {
  if (!arguments.words.empty())
    return show(terminal, arguments, "/v1/members/" + http::percent_encode(arguments.words[0]), "",
                [&](const std::string& body) { return render_member(body, arguments.has("--wide")); });
  std::string path = "/v1/members";
  for (const auto& [flag, parameter] : {std::pair{"--status", "status="}, std::pair{"--label", "label="}})
    for (const std::string& value : arguments.all(flag))
      path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(parameter) +
              http::percent_encode(value);
  return show(terminal, arguments, path, "members",
              [&](const std::string& body) { return render_members(body, arguments.has("--wide")); });
}

int lookup(Terminal& terminal, const Arguments& arguments) {
  if (arguments.has("--all-nodes")) return lookup_everywhere(terminal, arguments);
  const auto n = parse_integer(arguments.get("--owners").value_or("1"));
  if (!n || *n < 1) return fail(terminal, usage, "-n is a number from 1 on");
  // For people the next owner is of interest as well: who takes over.
  const std::int64_t asked = for_people(arguments) ? std::max<std::int64_t>(*n, 2) : *n;
  std::string path =
      "/v1/lookup?key=" + http::percent_encode(arguments.words[0]) + "&n=" + std::to_string(asked);
  if (arguments.has("--explain")) path += "&explain=true";
  return show(terminal, arguments, path, "",
              [&](const std::string& body) { return render_lookup(body, static_cast<std::size_t>(*n)); });
}

int ring(Terminal& terminal, const Arguments& arguments) {
  if (arguments.has("--points"))
    return show(terminal, arguments, "/v1/ring?points=true", "point_list", render_ring);
  return show(terminal, arguments, "/v1/ring", "members", render_ring);
}

int evict(Terminal& terminal, const Arguments& arguments) {
  const std::string path = "/v1/members/" + http::percent_encode(arguments.words[0]) +
                           (arguments.has("--force") ? "?force=true" : "");
  return order(terminal, arguments, "DELETE", path, "", "", [](const Json& done) {
    return "evicted " + done.at("evicted").get<std::string>() + "; the others are being told\n";
  });
}

int reap(Terminal& terminal, const Arguments& arguments) {
  return order(terminal, arguments, "POST", "/v1/reap", "", "", [](const Json& done) {
    const auto count = done.at("reaped").get<std::int64_t>();
    return std::to_string(count) +
           (count == 1 ? " faulty member is forgotten\n" : " faulty members are forgotten\n");
  });
}

int heal(Terminal& terminal, const Arguments& arguments) {
  return order(terminal, arguments, "POST", "/v1/heal", "", "", [](const Json& done) {
    std::string out;
    for (const Json& address : done.at("reached")) out += "reached " + address.get<std::string>() + "\n";
    return out.empty() ? "no other partition was found among the seeds\n" : out;
  });
}

int join(Terminal& terminal, const Arguments& arguments) {
  return order(
      terminal, arguments, "POST", "/v1/join", Json{{"peers", arguments.words}}.dump(), "peers",
      [](const Json& done) {
        std::string out;
        for (const Json& peer : done.at("peers"))
          out += peer.at("peer").get<std::string>() +
                 (peer.at("joined") == true ? ": joined" : ": " + peer.at("error").get<std::string>()) + "\n";
        return out;
      });
}

int partitions(Terminal& terminal, const Arguments& arguments) {
  const auto body = ask(terminal, arguments, "/v1/partitions");
  if (!body) return body.error();
  const Json json = Json::parse(*body);
  print(terminal, arguments, *body, "groups", render_partitions);
  return json.at("agree") == true ? ok : failed;
}

}  // namespace ringside::cli
