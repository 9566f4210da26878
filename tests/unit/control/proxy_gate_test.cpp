// /proxy/req at the control plane: the checks in ringpop-node's order, the caps, and answers from workers.
#include "daemon/control/proxy_gate.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "proto/ringpop/codec.hpp"
#include "tests/unit/control/control_support.hpp"
#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::control::test {
namespace {

using net::test::TestHost;

// A host whose calls go through a gate; the worker behind it is the test.
struct Gated {
  explicit Gated(bool enforce_checksum = true, bool enforce_keys = false) : here(io), peer(io) {
    config.ringpop.enforce_checksum = enforce_checksum;
    config.ringpop.enforce_keys = enforce_keys;
    view.address = here.address;
    view.ring = ring::build({{"here", here.address}, {"other", "127.0.0.1:1"}}, 100, 1);
    gate.emplace(io, *here.peers, config, metrics,
                 [this](net::ProxiedRequest request) { served.push_back(std::move(request)); });
    here.on_call = [this](net::IncomingCall call) { gate->receive(std::move(call), view); };
  }
  [[nodiscard]] std::string key_of(std::string_view name) const {
    for (int i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (view.ring->server(*view.ring->owner(key)).name == name) return key;
    }
  }
  [[nodiscard]] ringpop::ProxyRequest request(const std::string& key) const {
    return {.method = "GET", .url = "/", .fields = {}, .checksum = view.ring->checksum(), .keys = {key}};
  }
  std::shared_ptr<TestHost::Outcome> send(std::string head, std::string body = {}) {
    tchannel::CallRequest call;
    call.service = "ringpop";
    call.headers = {{"as", "raw"}, {"cn", "ringpop"}};
    call.arg1 = ringpop::proxy_endpoint;
    call.arg2 = std::move(head);
    call.arg3 = std::move(body);
    auto outcome = std::make_shared<TestHost::Outcome>();
    peer.peers->call(here.address, std::move(call), Clock::now() + 5s, [outcome](net::CallResult result) {
      ++outcome->times;
      outcome->result.emplace(std::move(result));
    });
    return outcome;
  }
  // The refusal's type; "served" when it went to a worker.
  std::string verdict(std::string head) {
    const std::size_t before = served.size();
    const auto outcome = send(std::move(head));
    REQUIRE(run_until(io, [&] { return outcome->times > 0 || served.size() > before; }));
    if (served.size() > before) return "served";
    const auto& response = **outcome->result;
    const auto decoded = ringpop::decode_response({}, true, response.arg3);
    return std::to_string(response.code) + " " + std::get<ringpop::Rejection>(*decoded).type;
  }

  boost::asio::io_context io{1};
  TestHost here, peer;
  config::Config config;
  obs::ControlMetrics metrics;
  api::View view;
  std::vector<net::ProxiedRequest> served;
  std::optional<ProxyGate> gate;
};

}  // namespace

TEST_CASE("a forwarded request is checked: the head, the ring, the keys; each difference is counted") {
  struct Row {
    const char* what;
    bool enforce_checksum, enforce_keys, true_ring, own_key;
    const char* verdict;
  };
  const auto row = GENERATE(values<Row>({
      {"as it should be", true, true, true, true, "served"},
      {"another ring", true, false, false, true, "1 ringpop.request-proxy.invalid-checksum"},
      {"another ring, not enforced", false, false, false, true, "served"},
      {"another's key", true, false, true, false, "served"},
      {"another's key, enforced", true, true, true, false, "1 ringpop.request-proxy.invalid-key"},
      {"both: the ring comes first", true, true, false, false, "1 ringpop.request-proxy.invalid-checksum"},
      {"both, only keys enforced", false, true, false, false, "1 ringpop.request-proxy.invalid-key"},
  }));
  INFO(row.what);
  Gated gated(row.enforce_checksum, row.enforce_keys);
  auto request = gated.request(gated.key_of(row.own_key ? "here" : "other"));
  if (!row.true_ring) request.checksum = std::nullopt;
  CHECK(gated.verdict(ringpop::encode(request)) == row.verdict);
  CHECK(gated.metrics.proxy_ingress.value() == 1);
  CHECK(gated.metrics.proxy_checksums_differ.value() == (row.true_ring ? 0 : 1));
  const bool keys_seen = row.true_ring || !row.enforce_checksum;
  CHECK(gated.metrics.proxy_keys_differ.value() == (keys_seen && !row.own_key ? 1 : 0));
}

TEST_CASE("a head that cannot be read is refused") {
  Gated gated;
  for (const char* head : {"", "null", "{", "[]", R"({"method":"GET"})"})
    CHECK(gated.verdict(head) == "1 ringside.bad-request");
  CHECK(gated.served.empty());
}

TEST_CASE("what a worker answers goes back to the caller, and is counted until then") {
  Gated gated;
  const auto outcome = gated.send(ringpop::encode(gated.request(gated.key_of("here"))), "body");
  REQUIRE(run_until(gated.io, [&] { return gated.served.size() == 1; }));
  auto& request = gated.served.front();
  CHECK(request.body == "body");
  CHECK(request.peer == gated.peer.address);
  CHECK(request.deadline <= Clock::now() + 5s);
  CHECK(gated.metrics.proxy_in_flight.value() == 1);
  request.done({0, R"({"statusCode":201})", std::string(1'000'000, 'x')});
  REQUIRE(run_until(gated.io, [&] { return outcome->times == 1; }));
  const auto& response = **outcome->result;
  CHECK(response.code == 0);
  CHECK(response.arg2 == R"({"statusCode":201})");
  CHECK(response.arg3.size() == 1'000'000);
  CHECK(gated.metrics.proxy_in_flight.value() == 0);
}

TEST_CASE("bodies over what may be held get a 429 of ringpop-node's type, and room comes back") {
  Gated gated;
  const auto head = ringpop::encode(gated.request(gated.key_of("here")));
  const std::size_t each = 4 * 1024 * 1024;
  const std::size_t fit = limits::proxy_held_bytes / each;
  for (std::size_t i = 0; i < fit; ++i) {
    static_cast<void>(gated.send(head, std::string(each, 'x')));
    REQUIRE(run_until(gated.io, [&] { return gated.served.size() == i + 1; }));
  }
  const auto outcome = gated.send(head, "x");
  REQUIRE(run_until(gated.io, [&] { return outcome->times == 1; }));
  const auto& response = **outcome->result;
  CHECK(response.code == 0);
  CHECK(ringpop::decode_proxy_response(response.arg2)->status == 429);
  CHECK_THAT(response.arg3, Catch::Contains("ringpop.request-proxy.too-many-requests"));
  CHECK(gated.metrics.proxy_refused.value() == 1);
  gated.served.front().done({0, "{}", ""});
  REQUIRE(
      run_until(gated.io, [&] { return gated.metrics.proxy_in_flight.value() == std::int64_t(fit) - 1; }));
  CHECK(gated.verdict(head) == "served");
}

TEST_CASE("an answer that comes after the end of the gate harms nobody") {
  Gated gated;
  static_cast<void>(gated.send(ringpop::encode(gated.request(gated.key_of("here")))));
  REQUIRE(run_until(gated.io, [&] { return gated.served.size() == 1; }));
  gated.gate.reset();
  gated.served.front().done({0, "{}", ""});
  gated.io.restart();
  gated.io.poll();
  CHECK(gated.metrics.proxy_in_flight.value() == 1);
}

TEST_CASE("a worker's call goes out as ringpop-node makes it") {
  Gated gated;
  std::optional<tchannel::CallRequest> seen;
  gated.peer.on_call = [&](net::IncomingCall call) {
    seen = call.request;
    call.responder.answer_app(0, R"({"statusCode":200})", "ok");
  };
  std::optional<net::CallResult> result;
  gated.gate->send({.address = gated.peer.address,
                    .head = "{}",
                    .body = "body",
                    .deadline = Clock::now() + 5s,
                    .done = [&](net::CallResult got) { result.emplace(std::move(got)); }});
  REQUIRE(run_until(gated.io, [&] { return result.has_value(); }));
  CHECK((*result)->arg2 == R"({"statusCode":200})");
  CHECK(seen->service == "ringpop");
  CHECK(seen->arg1 == "/proxy/req");
  CHECK(seen->arg2 == "{}");
  CHECK(seen->arg3 == "body");
  CHECK(seen->headers == tchannel::Headers{{"as", "raw"}, {"cn", "ringpop"}});
}

}  // namespace ringside::control::test
