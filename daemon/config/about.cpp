#include "daemon/config/about.hpp"

#include <array>
#include <cstdint>
#include <cstdio>

#include "daemon/config/options.hpp"
#include "daemon/config/show.hpp"

namespace ringside::config {
namespace {

// FNV-1a, 64 bits (Fowler, Noll, Vo): the same on every machine, which std::hash is not.
class Fnv {
 public:
  void add(std::string_view text) {
    for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  [[nodiscard]] std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

const char* on(bool is_on) {
  return is_on ? "on" : "off";
}

// How members' connections are protected; with a mode alone, and no key, they are not.
const char* tls(const Config& config) {
  const auto& security = config.security;
  if (security.tls.mode == TlsMode::certs) return "certs";
  return security.tls.mode == TlsMode::automatic && !security.cluster_key_file.empty() ? "key" : "off";
}

const char* plain_peers(PlainPeers plain) {
  switch (plain) {
    case PlainPeers::refuse: return "refuse";
    case PlainPeers::accept: return "accept";
    case PlainPeers::dial: return "dial";
  }
  return "";
}

}  // namespace

std::string digest(const Config& config) {
  Fnv fnv;
  for (const Option& option : options())
    if (!option.own) fnv.add(std::string(option.path) + ": " + show_value(option, config) + "\n");
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(fnv.value()));
  return text.data();
}

std::vector<std::pair<std::string, std::string>> features(const Config& config) {
  const auto& gossip = config.gossip;
  const auto& observability = config.observability;
  return {{"tls", tls(config)},
          {"plain_peers", plain_peers(config.security.tls.plain)},
          {"insecure", on(config.security.insecure)},
          {"api_tokens", on(!config.security.api_token_file.empty())},
          {"checksum", gossip.checksum == ChecksumDialect::go ? "go" : "node"},
          {"verify_newcomers", on(gossip.verify_newcomers)},
          {"proof_of_death", on(gossip.proof_of_death)},
          {"damping", on(gossip.damping.enabled)},
          {"data_dir", on(!config.node.data_dir.empty())},
          {"ingress", on(!config.listen.ingress.empty())},
          {"proxy_protocol", on(config.ingress.proxy_protocol)},
          {"tchannel", on(!config.listen.tchannel.empty())},
          {"telemetry", on(!config.listen.telemetry.empty())},
          {"https", on(!config.listen.tls.cert.empty())},
          {"metrics", on(observability.metrics)},
          {"webhooks", on(!config.events.webhooks.empty())},
          {"statsd", on(!observability.statsd.address.empty() || !observability.statsd.file.empty())},
          {"access_log", on(!observability.access_log.file.empty())},
          {"dev", on(config.dev)}};
}

}  // namespace ringside::config
