// Faults on the way to another member, and an app that moves while requests are under way.
#include <catch2/catch.hpp>

#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

api::ViewPtr with_fault(Host& host, const std::vector<ring::Server>& ring, const std::string& address,
                        Fault fault) {
  auto view = std::make_shared<api::View>(*host.view(ring));
  view->faults = std::make_shared<const Faults>(Faults{{{address, fault}}, std::nullopt});
  return view;
}

}  // namespace

TEST_CASE("what is lost on purpose reaches no app, and is refused as what cannot be reached") {
  std::atomic<int> served = 0;
  const ScriptedApp app(answering(ok_reply("here"), &served));
  const ScriptedApp other(answering(ok_reply("there"), &served));
  Pair pair(app, other);
  const std::string path = "/v1/route/" + pair.key_of(pair.b) + "/x";
  pair.a.set_view(with_fault(pair.a, pair.both, pair.b.server().address, {.drop = true}));
  const auto refused = exchange(pair.a.port(), get(path, "Ringside-Timeout: 1200ms\r\n"));
  CHECK_THAT(refused, Contains("lost on purpose (/v1/faults)") || Contains("late on purpose"));
  CHECK_THAT(refused, Contains("\"executed\":\"no\"") || Contains("\"code\":\"timeout\""));
  CHECK(served == 0);
  // Its own keys are served as ever, and so are those of the other one from there.
  CHECK_THAT(exchange(pair.a.port(), get("/v1/route/" + pair.key_of(pair.a) + "/x")), Contains("here"));
  CHECK_THAT(exchange(pair.b.port(), get(path)), Contains("there"));
  pair.a.set_view(pair.a.view(pair.both));
  CHECK_THAT(exchange(pair.a.port(), get(path)), StartsWith("HTTP/1.1 200") && Contains("there"));
}

TEST_CASE("what is late on purpose arrives whole, so much later") {
  const ScriptedApp app(answering(ok_reply("here")));
  const ScriptedApp other(answering(ok_reply("there")));
  Pair pair(app, other);
  pair.a.set_view(
      with_fault(pair.a, pair.both, pair.b.server().address, {.delay = std::chrono::milliseconds(150)}));
  const auto began = Clock::now();
  CHECK_THAT(exchange(pair.a.port(), post("/v1/route/" + pair.key_of(pair.b) + "/x", "body")),
             StartsWith("HTTP/1.1 200") && Contains("there"));
  CHECK(Clock::now() - began >= std::chrono::milliseconds(150));
}

TEST_CASE("an app that has moved gets all that comes from then on, and the old one no more") {
  std::atomic<int> first = 0, second = 0;
  const ScriptedApp old_app(answering(ok_reply("old"), &first));
  const ScriptedApp new_app(answering(ok_reply("new"), &second));
  Alone alone(old_app.address());
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/x")), Contains("old"));
  auto moved = std::make_shared<api::View>(*alone.host.view({alone.host.server()}));
  moved->app_settings.address = new_app.address();
  alone.host.set_view(moved);
  for (int i = 0; i < 3; ++i) CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/x")), Contains("new"));
  CHECK(first == 1);
  CHECK(second == 3);
  auto none = std::make_shared<api::View>(*moved);
  none->app_settings = {};
  alone.host.set_view(none);
  CHECK_THAT(exchange(alone.host.port(), get("/v1/route/k/x")), StartsWith("HTTP/1.1 503"));
}
