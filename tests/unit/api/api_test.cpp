#include <catch2/catch.hpp>

#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::call_api;
using test::header_of;
using test::json_of;

TEST_CASE("liveness is always yes, readiness follows the phase and gives the reason") {
  auto view = test::sample_view();
  for (const std::string prefix : {"", "/v1"}) {
    view.phase = api::Phase::joining;
    view.phase_reason = "no seed has answered yet";
    CHECK(call_api(view, "GET", prefix + "/livez").status == 204);
    const auto joining = call_api(view, "GET", prefix + "/readyz");
    CHECK(joining.status == 503);
    CHECK(header_of(joining, "Ringside-Error") == "not_joined");
    CHECK(json_of(joining)["reasons"] == test::Json({"no seed has answered yet"}));
    CHECK(call_api(view, "GET", prefix + "/outboundz").status == 503);

    view.phase = api::Phase::draining;
    view.phase_reason.clear();
    CHECK(header_of(call_api(view, "GET", prefix + "/readyz"), "Ringside-Error") == "draining");
    CHECK(call_api(view, "GET", prefix + "/outboundz").status == 204);

    view.phase = api::Phase::ready;
    const auto ready = call_api(view, "GET", prefix + "/readyz");
    CHECK(ready.status == 204);
    CHECK(ready.body.empty());
    CHECK(ready.content_type.empty());
  }
}

TEST_CASE("a node that has left the ring for another one of its name is not ready, and says for whom") {
  auto view = test::sample_view();
  view.name_conflict = "the live member at 10.0.0.8:7601 uses the name 'laptop-1' too";
  const auto answer = call_api(view, "GET", "/readyz");
  CHECK(answer.status == 503);
  CHECK(header_of(answer, "Ringside-Error") == "name_conflict");
  CHECK(json_of(answer)["reasons"] == test::Json({view.name_conflict}));
  CHECK(call_api(view, "GET", "/livez").status == 204);
  CHECK(call_api(view, "GET", "/outboundz").status == 204);  // it can still ask the others
}

TEST_CASE(
    "an app that is not up makes the node unready, with since when and why, unless it is not required") {
  auto view = test::sample_view();
  view.app = {api::AppState::up, WallTime(Millis(1'700'000'000'000)), "", true, 1};
  CHECK(call_api(view, "GET", "/readyz").status == 204);
  for (const auto& [state, says] :
       {std::pair{api::AppState::starting, "has not come up yet"},
        std::pair{api::AppState::restarting, "restarts, down since 2023-11-14T22:13:20.000Z"},
        std::pair{api::AppState::down, "is down since 2023-11-14T22:13:20.000Z"}}) {
    view.app.state = state;
    view.app.reason = "Connection refused";
    const auto answer = call_api(view, "GET", "/readyz");
    CHECK(answer.status == 503);
    CHECK(header_of(answer, "Ringside-Error") == "app_down");
    CHECK(json_of(answer)["reasons"] ==
          test::Json({"the app at 127.0.0.1:5000 " + std::string(says) + ": Connection refused"}));
    CHECK(call_api(view, "GET", "/livez").status == 204);
    CHECK(call_api(view, "GET", "/outboundz").status == 204);
    view.app.required = false;
    CHECK(call_api(view, "GET", "/readyz").status == 204);
    view.app.required = true;
  }
  view.phase = api::Phase::draining;
  const auto both = call_api(view, "GET", "/readyz");
  CHECK(header_of(both, "Ringside-Error") == "draining");
  CHECK(json_of(both)["reasons"].size() == 2);
}

TEST_CASE("what is not here says how to reach the app") {
  const auto view = test::sample_view();
  for (const char* path :
       {"/cart", "/v1", "/v1/", "/v1/ring/", "/v1/rings", "/v1/lookups/x", "/v1/self/x", "*", "", "//"}) {
    CAPTURE(path);
    const auto response = call_api(view, "GET", path);
    CHECK(response.status == 404);
    CHECK(header_of(response, "Ringside-Error") == "not_found");
    CHECK_THAT(response.body, Catch::Contains("/v1/route/{key}/") && Catch::Contains("Ringside-Key"));
  }
}

TEST_CASE("a wrong method is told which ones are right") {
  const auto view = test::sample_view();
  const auto ring = call_api(view, "POST", "/v1/ring");
  CHECK(ring.status == 405);
  CHECK(header_of(ring, "Allow") == "GET, HEAD");
  CHECK(header_of(call_api(view, "DELETE", "/v1/lookup"), "Allow") == "GET, HEAD, POST");
  CHECK(call_api(view, "get", "/v1/ring").status == 405);  // methods are case-sensitive
  CHECK(call_api(view, "POST", "/v1/lookup/k").status == 405);
  CHECK(call_api(view, "PUT", "/").status == 405);
}

TEST_CASE("HEAD is answered like GET") {
  const auto view = test::sample_view();
  for (const char* target :
       {"/", "/v1/ring", "/v1/lookup/k?n=2", "/v1/readyz", "/openapi.json", "/v1/nothing"}) {
    CAPTURE(target);
    const auto head = call_api(view, "HEAD", target);
    const auto get = call_api(view, "GET", target);
    CHECK(head.status == get.status);
    CHECK(head.body == get.body);
    CHECK(head.headers == get.headers);
  }
}

TEST_CASE("the front page and the metrics are plain text") {
  const auto view = test::sample_view();
  const auto front = call_api(view, "GET", "/");
  CHECK(front.content_type == "text/plain; charset=utf-8");
  CHECK_THAT(front.body, Catch::Contains("laptop-1") && Catch::Contains("/v1/route/{key}/{path}"));
  CHECK_THAT(call_api(view, "GET", "/metrics").body, Catch::Contains("ringside_"));
}

TEST_CASE("requests of any bytes get an answer") {
  const auto view = test::sample_view();
  std::uint32_t state = 1;
  const auto next = [&] { return (state = state * 1664525 + 1013904223) >> 24; };
  const std::string alphabet("/v1lookup?key=&n%2F\xFF\0members ring{}[]\"", 38);
  for (int i = 0; i < 20'000; ++i) {
    std::string target = i % 2 == 0 ? "/v1/lookup" : "/v1/members";
    std::string body;
    for (std::uint32_t k = next() % 24; k > 0; --k) target += alphabet[next() % alphabet.size()];
    for (std::uint32_t k = next() % 24; k > 0; --k) body += alphabet[next() % alphabet.size()];
    const auto response = call_api(view, i % 3 == 0 ? "POST" : "GET", target, body);
    if (response.content_type.find("json") == std::string::npos || !test::Json::accept(response.body)) {
      CAPTURE(target, body, response.body);
      FAIL("not an answer in JSON");
    }
  }
}
