// What a caller may want done otherwise with one request: where it runs, what the receiver checks, whose app
// it is.
#include <catch2/catch.hpp>

#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Both {
  ScriptedApp app_a{answering(ok_reply("from a"))}, app_b{answering(ok_reply("from b"))};
  Pair pair{app_a, app_b};
  std::string ours = "/v1/route/" + pair.key_of(pair.a) + "/x",
              theirs = "/v1/route/" + pair.key_of(pair.b) + "/x";

  [[nodiscard]] std::string ask(const std::string& path, const std::string& fields) const {
    return exchange(pair.a.port(), get(path, fields));
  }
};

}  // namespace

TEST_CASE("local-only is for the owner here, and else refused with the owner's name") {
  const Both both;
  CHECK_THAT(both.ask(both.ours, "Ringside-Route: local-only\r\n"), Contains("\r\n\r\nfrom a"));
  const std::string refused = both.ask(both.theirs, "Ringside-Route: local-only\r\n");
  CHECK_THAT(refused, StartsWith("HTTP/1.1 421") && Contains("Ringside-Error: not_owner\r\n"));
  CHECK_THAT(refused, Contains("\"owner\":\"b\"") && Contains("\"executed\":\"no\"") &&
                          Contains("Ringside-Route: local-only"));
  CHECK_THAT(both.ask(both.theirs, "Ringside-Route: owner\r\n"), Contains("\r\n\r\nfrom b"));
}

TEST_CASE("a time limit that is none is refused with what is wrong with it, on ingress too") {
  const Both both;
  for (const char* wrong : {"soon", "-1s", "5", "1s, 2s"}) {
    const std::string field = "Ringside-Timeout: " + std::string(wrong) + "\r\n";
    CHECK_THAT(both.ask(both.theirs, field), StartsWith("HTTP/1.1 400") && Contains("Ringside-Timeout: ") &&
                                                 Contains("\"executed\":\"no\""));
    CHECK_THAT(exchange(both.pair.a.ingress_port(), get("/x", "Ringside-Key: k\r\n" + field)),
               StartsWith("HTTP/1.1 400"));
  }
  CHECK_THAT(both.ask(both.theirs, "Ringside-Timeout: 1s\r\nRingside-Timeout: 2s\r\n"),
             StartsWith("HTTP/1.1 400") && Contains("Ringside-Timeout is there more than once"));
  CHECK_THAT(both.ask(both.theirs, "Ringside-Timeout: 1.5s\r\n"), Contains("from b"));
}

TEST_CASE("methods that nobody has heard of reach the app as they are; TRACE does not") {
  const Both both;
  const auto with = [&](const std::string& method) {
    return exchange(both.pair.a.port(),
                    method + " " + both.theirs + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  };
  for (const char* method : {"PROPFIND", "REPORT", "X-OWN"}) CHECK_THAT(with(method), Contains("from b"));
  CHECK_THAT(with("TRACE"), StartsWith("HTTP/1.1 405") && Contains("method_not_allowed") &&
                                Contains("\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n"));
}

TEST_CASE("prefer-local is this node's app while it is up, whoever owns the key") {
  Both both;
  const std::string wish = "Ringside-Route: prefer-local\r\n";
  CHECK_THAT(both.ask(both.theirs, wish), Contains("\r\n\r\nfrom b"));  // no app of a is known to be up
  both.pair.a.app_state = api::AppState::up;
  both.pair.a.set_ring(both.pair.both);
  const std::string here = both.ask(both.theirs, wish);
  CHECK_THAT(here, Contains("\r\n\r\nfrom a") && Contains("Ringside-Owner: b\r\n") &&
                       Contains("Ringside-Served-By: a\r\n") && Contains("Ringside-Hops: 0\r\n"));
  CHECK_THAT(both.ask(both.theirs, ""), Contains("\r\n\r\nfrom b"));
  both.pair.a.drain_view.state = api::DrainState::finishing;
  both.pair.a.set_ring(both.pair.both);
  CHECK_THAT(both.ask(both.theirs, wish), Contains("\r\n\r\nfrom b"));  // it is on its way out
}

TEST_CASE("who prefers an app that has just died gets the owner") {
  ScriptedApp app_b(answering(ok_reply("from b")));
  Host a("a", "127.0.0.1:1"), b("b", app_b.address());
  a.app_state = api::AppState::up;
  a.open();
  b.open();
  const std::vector<ring::Server> both = {a.server(), b.server()};
  a.start(both);
  b.start(both);
  const std::string answer = exchange(a.port(), post("/v1/route/" + key_owned_by(both, b.server()) + "/x",
                                                     "hello", "Ringside-Route: prefer-local\r\n"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200") && Contains("\r\n\r\nfrom b") &&
                         Contains("Ringside-Attempts: 2\r\n"));
}

TEST_CASE("the receiver checks what it is told to: the key, the whole ring, or nothing") {
  ScriptedApp app_a(answering(ok_reply("from a"))), app_b(answering(ok_reply("from b")));
  Host a("a", app_a.address()), b("b", app_b.address());
  const auto by_default = GENERATE(config::ForwardCheck::key, config::ForwardCheck::none);
  a.config.forward.check = by_default;
  a.open();
  b.open();
  const std::vector<ring::Server> both = {a.server(), b.server()};
  a.start(both);
  b.start({a.server()});  // in its own eyes it owns nothing, and passes back what a sends
  const std::string path = "/v1/route/" + key_owned_by(both, b.server()) + "/x";
  const auto ask = [&](const std::string& fields) { return exchange(a.port(), get(path, fields)); };
  const std::string refused = "HTTP/1.1 503", served = "HTTP/1.1 200";
  CHECK_THAT(ask(""), StartsWith(by_default == config::ForwardCheck::none ? served : refused));
  CHECK_THAT(ask("Ringside-Check: key\r\n"), StartsWith(refused) && Contains("\"executed\":\"no\""));
  CHECK_THAT(ask("Ringside-Check: view\r\n"), StartsWith(refused) && Contains("\"executed\":\"no\""));
  CHECK_THAT(ask("Ringside-Check: none\r\n"), Contains("\r\n\r\nfrom b"));
}

TEST_CASE("with view a ring that differs is refused even for keys that have the same owner in both") {
  Both both;
  auto heavier = both.pair.both;
  heavier.back().weight = 2;  // Ringpop's checksum is the same
  both.pair.b.set_ring(heavier);
  std::string key;
  const auto before = ring::build(both.pair.both, 100, 1), after = ring::build(heavier, 100, 1);
  for (int i = 0; key.empty(); ++i) {
    const std::string candidate = "k" + std::to_string(i);
    if (before->server(*before->owner(candidate)).name == "b" &&
        after->server(*after->owner(candidate)).name == "b")
      key = candidate;
  }
  const std::string path = "/v1/route/" + key + "/x", view = "Ringside-Check: view\r\n";
  CHECK_THAT(both.ask(path, ""), Contains("\r\n\r\nfrom b"));
  CHECK_THAT(both.ask(path, view), StartsWith("HTTP/1.1 503") && Contains("Ringside-Executed: no\r\n"));
  both.pair.a.set_ring(heavier);
  CHECK_THAT(both.ask(path, view), Contains("\r\n\r\nfrom b"));
}

TEST_CASE("an app is asked for by its name") {
  Both both;
  const std::string shop = "Ringside-App: shop\r\n";
  CHECK_THAT(both.ask(both.ours, shop), StartsWith("HTTP/1.1 404") &&
                                            Contains("Ringside-Error: unknown_app") &&
                                            Contains("the app of a has no name"));
  both.pair.a.app_id = "shop";
  both.pair.a.set_ring(both.pair.both);
  for (const auto& path :
       {both.ours, both.theirs, std::string("/v1/local/x"), std::string("/v1/nodes/b/x")}) {
    CHECK_THAT(both.ask(path, shop), StartsWith("HTTP/1.1 200"));
    CHECK_THAT(both.ask(path, "Ringside-App: depot\r\n"), StartsWith("HTTP/1.1 404") && Contains("'depot'") &&
                                                              Contains("is 'shop'") &&
                                                              Contains("\"executed\":\"no\""));
  }
}

TEST_CASE("a wish that nobody knows is 400 and names what it may be; on the ingress listener none counts") {
  Both both;
  for (const auto* wish : {"Ringside-Route: nearest\r\n", "Ringside-Check: maybe\r\n", "Ringside-App:\r\n"}) {
    const std::string answer = both.ask(both.ours, wish);
    CHECK_THAT(answer, StartsWith("HTTP/1.1 400") && Contains("Ringside-Error: bad_request"));
    CHECK_THAT(answer, Contains(std::string(wish).substr(0, std::string(wish).find(':'))));
  }
  CHECK_THAT(both.ask(both.ours, "Ringside-Route: nearest\r\n"), Contains("owner, local-only, prefer-local"));
  const auto through = [&](const std::string& fields) {
    return exchange(both.pair.a.ingress_port(),
                    get("/x", "Ringside-Key: " + both.pair.key_of(both.pair.b) + "\r\n" + fields));
  };
  for (const auto* wish : {"Ringside-Route: local-only\r\n", "Ringside-Route: nearest\r\n",
                           "Ringside-Check: maybe\r\n", "Ringside-App: depot\r\n"})
    CHECK_THAT(through(wish), Contains("\r\n\r\nfrom b"));
}
