// keys: the cluster keys of all members, asked for and changed through one of them. A key comes from a file
// and is sent to a node on this machine only, since the API speaks no TLS.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/security/cluster_key.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view forms =
    "say what to do: ringside keys list, keys install FILE, keys use ID|FILE or keys remove ID|FILE";

// Exit 1 unless every member is well.
int show(Terminal& terminal, const Arguments& arguments, const Result<std::string, Exit>& body) {
  if (!body) return body.error();
  print(terminal, arguments, *body, "nodes", render_keys);
  const Json nodes = Json::parse(*body).at("nodes");
  return std::ranges::all_of(nodes, [](const Json& node) { return node.at("ok") == true; }) ? ok : failed;
}

// The only key in a file. The error is one sentence.
Result<security::ClusterKey, std::string> read_key(const std::string& file) {
  const auto text = security::read_secret_file(file);
  if (!text) return text.error();
  const auto keys = security::parse_cluster_keys(text->text);
  if (!keys) return file + ": " + keys.error();
  if (keys->size() != 1)
    return file + " holds " + std::to_string(keys->size()) + " keys; one is changed at a time";
  return keys->front();
}

bool is_id(std::string_view text) {
  return text.size() == 8 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

int install(Terminal& terminal, const Arguments& arguments) {
  const auto key = read_key(arguments.words[1]);
  if (!key) return fail(terminal, failed, key.error());
  const auto api = api_address(terminal, arguments);
  if (!api) return fail(terminal, usage, api.error());
  if (!api->tls && !api->address.is_loopback())
    return fail(terminal, usage,
                "a key is not sent to " + api->address.to_string() +
                    ", where others could read it on its way; run this on the node's own machine");
  return show(terminal, arguments,
              tell(terminal, *api, "POST", "/v1/keyring", Json{{"key", security::hex(key->bytes)}}.dump()));
}

}  // namespace

int keys(Terminal& terminal, const Arguments& arguments) {
  const std::string& what = arguments.words[0];
  if (arguments.words.size() != (what == "list" ? 1U : 2U)) return fail(terminal, usage, forms);
  if (what == "list") return show(terminal, arguments, tell(terminal, arguments, "GET", "/v1/keyring"));
  if (what == "install") return install(terminal, arguments);
  if (what != "use" && what != "remove") return fail(terminal, usage, forms);
  std::string id = arguments.words[1];
  if (!is_id(id)) {
    const auto key = read_key(id);
    if (!key) return fail(terminal, failed, key.error());
    id = key->id;
  }
  if (what == "use")
    return show(terminal, arguments,
                tell(terminal, arguments, "PUT", "/v1/keyring/primary", Json{{"id", id}}.dump()));
  return show(terminal, arguments, tell(terminal, arguments, "DELETE", "/v1/keyring/" + id));
}

}  // namespace ringside::cli
