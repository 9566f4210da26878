// What a node tells of its configuration: who has the same digest, and what is on.
#include "daemon/config/about.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "daemon/config/options.hpp"

using namespace ringside;
using namespace ringside::config;

namespace {

std::map<std::string, std::string> features_of(const Config& config) {
  const auto all = features(config);
  return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("two members with equal settings have one digest, though each has its own name, place and files") {
  const Config one;
  CHECK(digest(one).size() == 16);
  CHECK(digest(one).find_first_not_of("0123456789abcdef") == std::string::npos);
  Config other;
  other.node.name = "b";
  other.node.labels = {{"zone", "eu"}};
  other.node.data_dir = "/var/lib/ringside";
  other.node.weight = 2;
  other.listen.api = {"127.0.0.1:7602"};
  other.listen.peer = "10.0.0.2:7601";
  other.advertise = "b.example:7601";
  other.join.seeds = {"a:7601"};
  other.app.address = "127.0.0.1:5000";
  other.workers = 3;
  other.security.cluster_key_file = "/run/secrets/b";
  other.observability.access_log.file = "/var/log/b";
  CHECK(digest(other) == digest(one));
}

TEST_CASE("any other setting makes another digest, and the same one the same again") {
  const Config defaults;
  Config changed;
  changed.gossip.suspect_timeout = Millis{6000};
  CHECK(digest(changed) != digest(defaults));
  changed.gossip.suspect_timeout = defaults.gossip.suspect_timeout;
  CHECK(digest(changed) == digest(defaults));
  changed.ring.points = 200;
  const auto points = digest(changed);
  changed.ring.points = 100;
  changed.cluster = "200";
  CHECK(digest(changed) != points);
}

TEST_CASE("a member's own is who and where it is, and nothing of how the cluster behaves") {
  for (const auto& option : options()) {
    CAPTURE(option.path);
    const bool behaviour = option.path.starts_with("gossip.") || option.path.starts_with("ring.") ||
                           option.path.starts_with("forward.") || option.path == "cluster";
    const bool place = option.path.starts_with("node.") || option.path.starts_with("listen.");
    if (behaviour) CHECK_FALSE(option.own);
    if (place) CHECK(option.own);
  }
}

TEST_CASE("features say what is on") {
  Config config;
  CHECK(features_of(config).at("tls") == "off");
  CHECK(features_of(config).at("checksum") == "go");
  CHECK(features_of(config).at("damping") == "on");
  CHECK(features_of(config).at("statsd") == "off");
  config.security.cluster_key_file = "key";
  config.gossip.checksum = ChecksumDialect::node;
  config.gossip.damping.enabled = false;
  config.gossip.verify_newcomers = false;
  config.observability.statsd.address = "127.0.0.1:8125";
  config.security.tls.plain = PlainPeers::dial;
  CHECK(features_of(config).at("tls") == "key");
  CHECK(features_of(config).at("checksum") == "node");
  CHECK(features_of(config).at("damping") == "off");
  CHECK(features_of(config).at("verify_newcomers") == "off");
  CHECK(features_of(config).at("statsd") == "on");
  CHECK(features_of(config).at("plain_peers") == "dial");
  CHECK(features_of(config).at("https") == "off");
  CHECK(features_of(config).at("metrics") == "on");
  config.listen.tls.cert = "api.pem";
  config.listen.telemetry = {"127.0.0.1:9600"};
  config.ingress.proxy_protocol = true;
  config.observability.metrics = false;
  for (const char* feature : {"https", "telemetry", "proxy_protocol"})
    CHECK(features_of(config).at(feature) == "on");
  CHECK(features_of(config).at("metrics") == "off");
  config.security.tls.mode = TlsMode::off;
  CHECK(features_of(config).at("tls") == "off");
  config.security.tls.mode = TlsMode::certs;
  CHECK(features_of(config).at("tls") == "certs");
}
