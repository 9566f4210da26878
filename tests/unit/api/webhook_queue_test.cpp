#include "daemon/api/webhook_queue.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::Json;

namespace {

std::string ids(api::WebhookQueue& queue, const api::View& view) {
  std::string all;
  while (const auto post = queue.next(view, test::sample_now())) {
    all += (all.empty() ? "" : " ") + std::string(post->type) + ":" + post->id;
    queue.done();
  }
  return all;
}

}  // namespace

TEST_CASE("a webhook is told the state and then each event, the same until it has been taken") {
  auto view = test::sample_view();
  api::WebhookQueue queue({});
  const auto first = queue.next(view, test::sample_now());
  REQUIRE(first);
  CHECK(first->type == "reset");
  CHECK_FALSE(first->missed);
  CHECK(Json::parse(first->body)["data"]["reason"] == "start");
  view.events = view.events->with({{EventType::app_up, R"({"state":"up"})"}});
  CHECK(queue.next(view, test::sample_now())->type == "reset");
  CHECK(queue.next(view, test::sample_now())->id == "00c0ffee-4");  // the state is that of now
  queue.done();
  CHECK_FALSE(queue.next(view, test::sample_now()));
  view.events = view.events->with({{EventType::app_up, R"({"state":"up"})"}});
  const auto event = queue.next(view, test::sample_now());
  REQUIRE(event);
  CHECK(event->body == R"({"id":"00c0ffee-5","type":"app-up","node":"laptop-1","data":{"state":"up"}})");
  CHECK(queue.next(view, test::sample_now())->id == event->id);
  queue.done();
  CHECK_FALSE(queue.next(view, test::sample_now()));
}

TEST_CASE("events that a webhook does not want are passed over") {
  auto view = test::sample_view();
  api::WebhookQueue queue(*EventFilter::parse("ring-*"));
  CHECK(ids(queue, view) == "reset:00c0ffee-3");
  view.events = view.events->with({{EventType::member_join, "{}"}, {EventType::ring_changed, "{}"}});
  CHECK(ids(queue, view) == "ring-changed:00c0ffee-5");
  view.events = view.events->with({{EventType::member_join, "{}"}});
  CHECK(ids(queue, view).empty());
}

TEST_CASE("a webhook that falls behind what is kept is told the state again") {
  auto view = test::sample_view();
  api::WebhookQueue queue({});
  CHECK(ids(queue, view) == "reset:00c0ffee-3");
  for (std::size_t i = 0; i < limits::webhook_queue; ++i)
    view.events = view.events->with({{EventType::app_up, "{}"}});
  CHECK(queue.next(view, test::sample_now())->type == "app-up");  // all of them are kept
  view.events = view.events->with({{EventType::app_up, "{}"}});
  const auto post = queue.next(view, test::sample_now());
  CHECK(post->type == "reset");
  CHECK(post->missed);
  CHECK(Json::parse(post->body)["data"]["reason"] == "too_old");
  CHECK(ids(queue, view) == "reset:00c0ffee-1028");
}

TEST_CASE("what is signed is the time, a dot and the body") {
  CHECK(api::signed_text(test::sample_now(), "{}") == "1700000012.{}");
  CHECK(api::signature_field(test::sample_now(), "ab") == "t=1700000012,v1=ab");
}
