// Fields that are right one by one and wrong together. A clash is reported where the later source set its
// half, and names the other half with its origin.
#include <algorithm>
#include <array>

#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {
namespace {

struct Half {
  std::string_view path;
  std::string value;
};

class Judge {
 public:
  Judge(const Loaded& loaded, std::span<const std::string_view> failed) : loaded_(loaded), failed_(failed) {}

  std::vector<Problem> run() {
    listeners();
    protection();
    exposure();
    app();
    ingress();
    identity();
    times();
    statistics();
    return std::move(problems_);
  }

 private:
  void listeners() {
    const auto& listen = loaded_.config.listen;
    struct Listeners {
      std::string_view path;
      const std::vector<std::string>& addresses;
    };
    const std::array all{Listeners{"listen.api", listen.api}, Listeners{"listen.ingress", listen.ingress},
                         Listeners{"listen.tchannel", listen.tchannel},
                         Listeners{"listen.telemetry", listen.telemetry}};
    for (std::size_t k = 0; k < all.size(); ++k) {
      const auto& [path, own] = all[k];
      for (std::size_t i = 0; i < own.size(); ++i) {
        if (same_socket(own[i], listen.peer))
          clash({"listen.peer", listen.peer}, {path, own[i]}, "one port cannot serve both",
                "choose another port for one of them");
        for (std::size_t other = 0; other < k; ++other)
          for (const auto& address : all[other].addresses)
            if (same_socket(own[i], address))
              clash({path, own[i]}, {all[other].path, address}, "one port cannot serve both",
                    "choose another port for one of them");
        for (std::size_t j = 0; j < i; ++j)
          if (same_socket(own[i], own[j]))
            problem(path, own[i] + " and " + own[j] + " are the same socket", "leave one out");
      }
    }
    if (listen.api.empty())
      problem("listen.api", "the list is empty, nobody could reach the API", "e.g. 127.0.0.1:7600");
    client_tls();
  }

  void client_tls() {
    const auto& listen = loaded_.config.listen;
    const auto speaks_tls = [](const std::string& text) { return text.starts_with("https://"); };
    if (has_failed("listen.api") || has_failed("listen.ingress") || has_failed("listen.telemetry")) return;
    std::string_view path;
    std::string address;
    for (const auto& [name, own] :
         {std::pair<std::string_view, const std::vector<std::string>&>{"listen.api", listen.api},
          {"listen.ingress", listen.ingress},
          {"listen.telemetry", listen.telemetry}}) {
      const auto found = std::ranges::find_if(own, speaks_tls);
      if (found == own.end()) continue;
      path = name;
      address = *found;
    }
    for (const auto& [name, file] :
         {std::pair<std::string_view, const std::string&>{"listen.tls.cert", listen.tls.cert},
          {"listen.tls.key", listen.tls.key}}) {
      if (!address.empty() && file.empty())
        problem(path, address + " needs " + std::string(name),
                "name both, listen.tls.cert and listen.tls.key, or write the address without https://");
      if (address.empty() && !file.empty())
        problem(
            name,
            file +
                " is used by nobody: no address of listen.api, .ingress or .telemetry begins with https://",
            "write the addresses that are to speak TLS as https://host:port");
    }
  }

  // Whether what is to protect the members' connections goes together.
  void protection() {
    const auto& security = loaded_.config.security;
    const auto& tls = security.tls;
    const bool key = !security.cluster_key_file.empty();
    switch (tls.mode) {
      case TlsMode::automatic: break;
      case TlsMode::off:
        if (key)
          clash({"security.cluster_key_file", security.cluster_key_file}, {"security.tls.mode", "off"},
                "without TLS the key is not used", "leave one of them out");
        break;
      case TlsMode::certs:
        if (key)
          clash({"security.cluster_key_file", security.cluster_key_file}, {"security.tls.mode", "certs"},
                "members prove themselves by one of the two", "leave one of them out");
        for (const auto& [path, file] : {std::pair{"security.tls.ca", tls.ca},
                                         {"security.tls.cert", tls.cert},
                                         {"security.tls.key", tls.key}})
          if (file.empty())
            problem("security.tls.mode", "certs needs " + std::string(path),
                    "name all of security.tls.ca, .cert and .key; `ringside cert` makes them");
        break;
    }
  }

  void exposure() {
    const auto& config = loaded_.config;
    const auto& security = config.security;
    if (security.insecure) return;
    constexpr std::string_view trusted =
        ", or add --insecure (security.insecure: true) when all of them are trusted";
    auto check = [&](std::string_view path, const std::string& text, std::string_view without,
                     const std::string& remedy) {
      const auto address = parse_http_address(text);
      if (!address || address->is_loopback()) return;
      problem(path, text + " can be reached from other machines, without " + std::string(without),
              remedy + std::string(trusted), "security.insecure");
    };
    if (security.api_token_file.empty())
      for (const auto& api : config.listen.api)
        check("listen.api", api, "a token",
              "ringside token new > ring_token && chmod 600 ring_token, then --api-token-file ring_token");
    for (const auto& own : config.listen.tchannel)
      check("listen.tchannel", own, "encryption or token", "listen on 127.0.0.1");
    const bool protects = security.tls.mode == TlsMode::certs ||
                          (security.tls.mode == TlsMode::automatic && !security.cluster_key_file.empty());
    if (!protects)
      check("listen.peer", config.listen.peer, "a cluster key",
            "ringside keygen > ring_key && chmod 600 ring_key, then --cluster-key-file ring_key on all "
            "members");
  }

  // Requests for the app that arrive at the daemon again would go round for ever.
  void app() {
    const auto& config = loaded_.config;
    const auto check = [&](std::string_view path, const std::vector<std::string>& addresses) {
      for (const auto& own : addresses)
        if (same_socket(config.app.address, own))
          clash({"app.address", config.app.address}, {path, own}, "the daemon would forward to itself",
                "app.address is where the app listens");
    };
    check("listen.api", config.listen.api);
    check("listen.ingress", config.listen.ingress);
    check("listen.tchannel", config.listen.tchannel);
    check("listen.telemetry", config.listen.telemetry);
    if (same_socket(config.app.address, config.listen.peer))
      clash({"app.address", config.app.address}, {"listen.peer", config.listen.peer},
            "the daemon would forward to itself", "app.address is where the app listens");
    if (config.app.protocol != AppProtocol::http1 && !config.app.health.path.empty())
      clash({"app.health.path", config.app.health.path},
            {"app.protocol", config.app.protocol == AppProtocol::h2c ? "h2c" : "tchannel"},
            "only apps that speak HTTP/1.1 are asked for a page",
            "leave the path out: a connection to the app is enough then");
  }

  void ingress() {
    const auto& ingress = loaded_.config.ingress;
    if (ingress.proxy_protocol && ingress.trusted.empty())
      problem("ingress.proxy_protocol", "whose header is to be believed is not said",
              "name the load balancers in ingress.trusted");
  }

  void identity() {
    const auto& config = loaded_.config;
    if (config.node.labels.size() > limits::labels)
      problem("node.labels", std::to_string(config.node.labels.size()) + " labels are too many", "at most 5");
    if (config.ring.identity == Identity::address && !config.node.labels.empty())
      clash({"node.labels", "{" + config.node.labels.front().first + ", ...}"}, {"ring.identity", "address"},
            "ringpop-node, for which address is meant, drops labels and checksums would differ",
            "leave the labels out or use ring.identity: name");
    if (config.ring.identity == Identity::address && config.node.weight != 1)
      clash({"node.weight", std::to_string(config.node.weight)}, {"ring.identity", "address"},
            "a weight travels as a label, which ringpop-node, for which address is meant, drops",
            "leave the weight at 1 or use ring.identity: name");
    if (config.ring.identity == Identity::address && config.ring.points != limits::ringpop_points)
      clash({"ring.points", std::to_string(config.ring.points)}, {"ring.identity", "address"},
            "ringpop-node, for which address is meant, has 100 points a member, and owners would differ",
            "leave ring.points at 100 or use ring.identity: name");
  }

  void times() {
    const auto& c = loaded_.config;
    not_under("gossip.ping_req_timeout", c.gossip.ping_req_timeout, "gossip.ping_timeout",
              c.gossip.ping_timeout,
              "an indirect ping holds the helper's own ping and needs at least its time");
    not_under("gossip.suspect_timeout", c.gossip.suspect_timeout, "gossip.period", c.gossip.period,
              "a suspect needs at least one period to defend itself");
    const auto& damping = c.gossip.damping;
    if (damping.reuse >= damping.suppress)
      clash({"gossip.damping.reuse", std::to_string(damping.reuse)},
            {"gossip.damping.suppress", std::to_string(damping.suppress)},
            "a member would be damped and take its place again at once",
            "lower gossip.damping.reuse; half of gossip.damping.suppress keeps it out for one half-life");
    not_under("forward.timeout", c.forward.timeout, "app.connect_timeout", c.app.connect_timeout,
              "the connect to the app is part of the time for the answer");
  }

  void statistics() {
    const auto& statsd = loaded_.config.observability.statsd;
    if (statsd.address.empty() || statsd.file.empty()) return;
    clash({"observability.statsd.file", statsd.file}, {"observability.statsd.address", statsd.address},
          "statistics go to one place only", "leave one of them out");
  }

  void not_under(std::string_view longer, Millis longer_value, std::string_view shorter, Millis shorter_value,
                 const std::string& reason) {
    if (longer_value >= shorter_value) return;
    clash({longer, print_duration(longer_value)}, {shorter, print_duration(shorter_value)}, reason,
          "raise " + std::string(longer) + " or lower " + std::string(shorter));
  }

  static bool same_socket(const std::string& left, const std::string& right) {
    const auto a = parse_http_address(left), b = parse_http_address(right);
    if (!a || !b) return false;
    if (a->is_unix() || b->is_unix()) return *a == *b;
    const auto host = [](const Address& address) {
      return address.host == "localhost" ? "127.0.0.1" : address.host;
    };
    return a->port != 0 && a->port == b->port &&
           (host(*a) == host(*b) || a->is_wildcard() || b->is_wildcard());
  }

  [[nodiscard]] bool has_failed(std::string_view path) const {
    return std::ranges::find(failed_, path) != failed_.end();
  }

  void clash(Half one, Half other, const std::string& reason, const std::string& suggestion) {
    if (loaded_.origin_of(one.path).source < loaded_.origin_of(other.path).source) std::swap(one, other);
    problem(one.path,
            one.value + " does not go with " + std::string(other.path) + " " + other.value + " (" +
                loaded_.origin_of(other.path).to_string() + "): " + reason,
            suggestion, other.path);
  }

  void problem(std::string_view path, const std::string& message, const std::string& suggestion,
               std::string_view other_path = "") {
    if (has_failed(path) || has_failed(other_path)) return;
    const auto& at = loaded_.origin_of(path);
    problems_.push_back({at.name, at.line, at.column, std::string(path), message, suggestion});
  }

  const Loaded& loaded_;
  std::span<const std::string_view> failed_;
  std::vector<Problem> problems_;
};

}  // namespace

std::vector<Problem> find_clashes(const Loaded& loaded, std::span<const std::string_view> failed) {
  return Judge(loaded, failed).run();
}

}  // namespace ringside::config
