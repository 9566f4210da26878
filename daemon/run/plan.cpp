#include "daemon/run/plan.hpp"

#include <algorithm>
#include <cctype>

#include "daemon/base/address.hpp"

namespace ringside::run {
namespace {

constexpr int first_port = 7600;
constexpr std::size_t name_bytes = 63;

bool given(const config::Loaded& loaded, std::string_view path) {
  return loaded.origin_of(path).source != config::Source::built_in;
}

// Where a child on this machine dials what listens there.
Address dialled(Address address) {
  if (address.is_wildcard()) address.host = address.host == "::" ? "::1" : "127.0.0.1";
  return address;
}

std::string url_of(const Address& address) {
  if (address.is_unix()) return "unix://" + address.unix_path;
  return (address.tls ? "" : "http://") + address.to_string();
}

// The app is to know nothing of ours but where its ringside is, whose certificates it shows, and where the
// token is that it asks for.
config::Environment app_environment(const Wishes& wishes, const Plan& plan) {
  config::Environment all;
  const auto app = parse_address(plan.app);
  const bool has_port = app && !app->is_unix();
  for (const auto& [name, value] : wishes.environment) {
    const bool kept = !name.starts_with("RINGSIDE_");
    if (kept && !(has_port && name == "PORT")) all.emplace_back(name, value);
  }
  for (const auto& [name, value] : wishes.environment)
    if (name == "RINGSIDE_CA_FILE") all.emplace_back(name, value);
  all.emplace_back("RINGSIDE_ADDR", plan.api);
  all.emplace_back("RINGSIDE_NODE_NAME", plan.name);
  const std::string& tokens = wishes.loaded.config.security.api_token_file;
  if (!tokens.empty()) all.emplace_back("RINGSIDE_API_TOKEN_FILE", tokens);
  const std::string& ours = wishes.loaded.config.security.app_token_file;
  if (!ours.empty()) all.emplace_back("RINGSIDE_APP_TOKEN_FILE", ours);
  if (has_port) all.emplace_back("PORT", std::to_string(app->port));
  return all;
}

class Maker {
 public:
  Maker(const Wishes& wishes, const Ports& ports) : wishes_(wishes), ports_(ports) {
    plan_.daemon_arguments.assign(wishes.arguments.begin(), wishes.arguments.end());
  }

  Result<Plan, std::string> make() {
    const config::Config& config = wishes_.loaded.config;
    plan_.name = config.node.name;
    if (plan_.name.empty()) {
      const std::string number = "-" + std::to_string(wishes_.slot);
      plan_.name = plain(wishes_.host, name_bytes - number.size()) + number;
      add("--name", plan_.name);
    }
    const auto api = listener("listen.api", "--listen-api", config.listen.api.front(), 0);
    if (!api) return api.error();
    plan_.api = url_of(*api);
    const auto peer = listener("listen.peer", "--listen-peer", config.listen.peer, 1);
    if (!peer) return peer.error();
    plan_.peer = peer->to_string();
    plan_.app = config.app.address;
    if (plan_.app.empty()) {
      const std::string port = std::to_string(ports_.any());
      plan_.app = "127.0.0.1:" + port;
      add("--app-port", port);
    }
    if (!given(wishes_.loaded, "app.id")) add("--app-id", wishes_.app_id);
    if (!wishes_.data_dir.empty()) add("--node-data-dir", wishes_.data_dir);
    if (finds_by_itself(wishes_.loaded)) {
      if (!given(wishes_.loaded, "cluster")) add("--cluster", wishes_.app_id);
      if (!wishes_.seeds_file.empty()) add("--join", "file:" + wishes_.seeds_file);
    }
    plan_.app_environment = app_environment(wishes_, plan_);
    return std::move(plan_);
  }

 private:
  void add(std::string flag, std::string value) {
    plan_.daemon_arguments.insert(plan_.daemon_arguments.end(), {std::move(flag), std::move(value)});
  }

  Result<Address, std::string> listener(std::string_view path, std::string flag, const std::string& text,
                                        int offset) {
    if (given(wishes_.loaded, path)) {
      const auto address = parse_http_address(text);
      if (!address || (!address->is_unix() && address->port == 0))
        return std::string(path) + " is " + text +
               "; under `ringside run` it needs a port, since the app is told it";
      return dialled(*address);
    }
    const auto wanted = static_cast<std::uint16_t>(first_port + 2 * (wishes_.slot - 1) + offset);
    const Address address{"127.0.0.1", ports_.is_free(wanted) ? wanted : ports_.any(), ""};
    add(std::move(flag), address.to_string());
    return address;
  }

  const Wishes& wishes_;
  const Ports& ports_;
  Plan plan_;
};

}  // namespace

bool finds_by_itself(const config::Loaded& loaded) {
  return !given(loaded, "join.seeds");
}

bool keeps_by_itself(const config::Loaded& loaded) {
  return !given(loaded, "node.data_dir");
}

Result<Plan, std::string> make_plan(const Wishes& wishes, const Ports& ports) {
  return Maker(wishes, ports).make();
}

std::string plain(std::string_view text, std::size_t most) {
  std::string result(text.substr(0, most));
  for (char& c : result)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '.' && c != '_' && c != '-') c = '-';
  return result;
}

}  // namespace ringside::run
