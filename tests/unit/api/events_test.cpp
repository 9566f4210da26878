// Events out of two views, the log that keeps them, and what a subscriber gets to see of it.
#include "daemon/api/events.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "daemon/api/subscription.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/rng.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/schema.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::Json;

namespace {

api::View view_of(std::vector<api::MemberView> members, std::uint64_t version = 1) {
  api::View view = test::sample_view();
  std::vector<ring::Server> servers;
  for (const auto& member : members)
    if (member.status == ringpop::Status::alive || member.status == ringpop::Status::suspect)
      servers.push_back({member.name, member.address});
  view.members = std::move(members);
  view.ring = ring::build(std::move(servers), 10, version);
  view.events = std::make_shared<const api::EventLog>();
  return view;
}

api::MemberView member(const std::string& name, ringpop::Status status, std::int64_t incarnation = 1) {
  return {name, name + ":1", status, incarnation, {}, false, PeerKind::ringside};
}

std::string types_of(const std::vector<api::News>& news) {
  std::string types;
  for (const auto& one : news) types += (types.empty() ? "" : " ") + std::string(to_string(one.type));
  return types;
}

std::string change_of(std::optional<ringpop::Status> before, std::optional<ringpop::Status> after) {
  auto was = before ? view_of({member("x", *before)}) : view_of({});
  auto is = after ? view_of({member("x", *after, 2)}) : view_of({});
  is.ring = was.ring;
  return types_of(api::what_happened(was, is, test::sample_now()));
}

// One event of a stream, read as an EventSource does (WHATWG HTML 9.2.6); without a type: only the id is new.
struct Seen {
  std::string id, type, data;
};
std::vector<Seen> read_stream(const std::string& text) {
  std::vector<Seen> all;
  Seen next;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("id: ")) next.id = line.substr(4);
    if (line.starts_with("event: ")) next.type = line.substr(7);
    if (line.starts_with("data: ")) next.data += line.substr(6);
    if (line.empty()) all.push_back(std::exchange(next, {}));
  }
  return all;
}

std::string all_of(api::Subscription& subscription, const api::View& view) {
  std::string text;
  for (auto piece = subscription.next(view, test::sample_now(), 1'000'000); !piece.text.empty();
       piece = subscription.next(view, test::sample_now(), 1'000'000))
    text += piece.text;
  return text;
}

}  // namespace

TEST_CASE("each change of a member's status is one event of its own type") {
  using enum ringpop::Status;
  const std::vector<std::tuple<std::optional<ringpop::Status>, std::optional<ringpop::Status>, std::string>>
      table{
          {std::nullopt, alive, "member-join"}, {std::nullopt, faulty, "member-faulty"},
          {std::nullopt, tombstone, ""},        {alive, suspect, "member-suspect"},
          {suspect, alive, "member-update"},    {suspect, faulty, "member-faulty"},
          {faulty, alive, "member-join"},       {leave, alive, "member-join"},
          {tombstone, alive, "member-join"},    {alive, leave, "member-leaving"},
          {leave, tombstone, "member-left"},    {leave, std::nullopt, "member-left"},
          {faulty, tombstone, "member-reaped"}, {faulty, std::nullopt, "member-reaped"},
          {tombstone, tombstone, ""},           {tombstone, std::nullopt, ""},
          {alive, alive, "member-update"},  // another incarnation
          {std::nullopt, std::nullopt, ""},
      };
  for (const auto& [before, after, type] : table) {
    CAPTURE(before.has_value(), after.has_value(), type);
    CHECK(change_of(before, after) == type);
  }
}

TEST_CASE("a member whose app is down has not left") {
  const auto before = view_of({member("x", ringpop::Status::alive)});
  auto after = before;
  after.members[0].status = ringpop::Status::leave;
  after.members[0].app = api::MemberApp::down;
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "member-update");
  const Json data = Json::parse(news[0].data);
  CHECK(data["status"] == "alive");
  CHECK(data["app"] == "down");
  CHECK(data["before"] == "alive");
}

TEST_CASE("another ring is told with what this node gained and lost, and why") {
  const auto before = view_of({member("a", ringpop::Status::alive), member("b", ringpop::Status::alive)}, 4);
  auto after = view_of({member("a", ringpop::Status::alive), member("b", ringpop::Status::faulty)}, 5);
  after.address = "a:1";
  after.index = 99;
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "member-faulty ring-changed");
  const Json data = Json::parse(news[1].data);
  CHECK(data["version"] == 5);
  CHECK(data["previous"] == 4);
  CHECK(data["index"] == 99);
  CHECK(data["lost"].empty());
  CHECK(data["gained"].size() > 1);
  REQUIRE(data["cause"].size() == 1);
  CHECK(data["cause"][0] ==
        Json::parse(R"({"name":"b","address":"b:1","change":"removed","status":"faulty","app":"unknown"})"));
}

TEST_CASE("a server that has another name is told as one that went and one that came") {
  const auto before = view_of({member("a", ringpop::Status::alive), member("z", ringpop::Status::alive)}, 1);
  auto after = before;
  after.ring = ring::build({{"y", "a:1"}, {"z", "z:1"}, {"b", "c:1"}}, 10, 2);
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "ring-changed");
  std::string causes;
  const Json data = Json::parse(news[0].data);
  for (const Json& cause : data["cause"])
    causes += cause["name"].get<std::string>() + " " + cause["change"].get<std::string>() + ", ";
  CHECK(causes == "a removed, y added, b added, ");
}

TEST_CASE("a member that is damped is told of once, and once when it is back") {
  const auto before = view_of({member("x", ringpop::Status::alive)});
  auto after = before;
  after.members[0].status = ringpop::Status::leave;
  after.members[0].app = api::MemberApp::up;
  after.members[0].damped = true;
  after.members[0].incarnation = 2;
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "member-damped");
  CHECK(Json::parse(news[0].data)["damped"] == true);
  auto still = after;
  still.members[0].incarnation = 3;
  CHECK(types_of(api::what_happened(after, still, test::sample_now())) == "member-update");
  CHECK(types_of(api::what_happened(after, before, test::sample_now())) == "member-update");
}

TEST_CASE("a partition is told of when most of the others are given up at once, and when it is over") {
  using enum ringpop::Status;
  auto whole = view_of({member("a", alive), member("b", alive), member("c", alive), member("d", alive)});
  whole.members[0].self = true;
  auto one = whole, two = whole, cut = whole;
  one.members[3].status = faulty;
  two.members[2].status = two.members[3].status = faulty;
  cut = two;
  cut.members[1].status = suspect;
  CHECK(types_of(api::what_happened(whole, one, test::sample_now())) == "member-faulty");
  const auto news = api::what_happened(one, two, test::sample_now());
  REQUIRE(types_of(news) == "member-faulty partition-detected");
  const Json data = Json::parse(news[1].data);
  CHECK(data["faulty"] == 2);
  CHECK(data["living"] == 1);
  CHECK(types_of(api::what_happened(two, cut, test::sample_now())) == "member-suspect");
  CHECK(types_of(api::what_happened(cut, whole, test::sample_now())) ==
        "member-update member-join member-join partition-healed");
  // Of a pair nobody can say which half is cut off.
  auto pair = view_of({member("a", alive), member("b", alive)});
  pair.members[0].self = true;
  auto alone = pair;
  alone.members[1].status = faulty;
  CHECK(types_of(api::what_happened(pair, alone, test::sample_now())) == "member-faulty");
}

TEST_CASE("another weight is one cause, and neither a farewell nor an arrival") {
  const auto before = view_of({member("a", ringpop::Status::alive)}, 1);
  auto after = before;
  after.ring = ring::build({{"a", "a:1", 2}}, 10, 2);
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "ring-changed");
  CHECK(Json::parse(news[0].data)["cause"][0]["change"] == "weight");
}

TEST_CASE("the app's ups and downs and the node's farewell are events") {
  const auto before = test::sample_view();
  auto after = before;
  after.app.state = api::AppState::restarting;
  after.app.reason = "Connection refused";
  CHECK(types_of(api::what_happened(before, after, test::sample_now())) == "app-down");
  CHECK(types_of(api::what_happened(after, before, test::sample_now())) == "app-up");
  auto starting = before;
  starting.app.state = api::AppState::starting;
  CHECK(types_of(api::what_happened(before, starting, test::sample_now())).empty());
  after = before;
  after.phase = api::Phase::draining;
  CHECK(types_of(api::what_happened(before, after, test::sample_now())) == "draining");
  CHECK(types_of(api::what_happened(after, after, test::sample_now())).empty());
}

TEST_CASE("two views look the same until something changes that a read shows") {
  const auto view = test::sample_view();
  auto other = view;
  other.app.answers = 7;  // for the workers among themselves
  CHECK(api::looks_the_same(view, other));
  other.members[1].kind = PeerKind::ringpop_go;
  CHECK_FALSE(api::looks_the_same(view, other));
  other = view;
  other.warnings.push_back({"code", "detail"});
  CHECK_FALSE(api::looks_the_same(view, other));
}

TEST_CASE("the data of every event fits its schema in the document, and so does the state") {
  const Json document = Json::parse(api::openapi_json());
  const test::SchemaChecker checker(document);
  const auto fits = [&](const char* schema, const std::string& data) {
    CAPTURE(schema, data);
    for (const auto& fault : checker.check(document["components"]["schemas"][schema], Json::parse(data)))
      FAIL_CHECK(fault);
  };
  const auto before = view_of({member("a", ringpop::Status::alive), member("b", ringpop::Status::leave)});
  auto after = view_of({member("a", ringpop::Status::suspect), member("c", ringpop::Status::alive)}, 2);
  after.address = "a:1";
  after.app.state = api::AppState::down;
  after.app.reason = "Connection refused";
  const auto news = api::what_happened(before, after, test::sample_now());
  REQUIRE(types_of(news) == "member-suspect member-left member-join app-down ring-changed");
  for (const auto& one : news)
    fits(one.type == EventType::ring_changed ? "RingEvent"
         : one.type == EventType::app_down   ? "AppEvent"
                                             : "MemberEvent",
         one.data);
  auto cut = before;
  for (auto& member : cut.members)
    if (!member.self) member.status = ringpop::Status::faulty;
  const auto partition = api::what_happened(before, cut, test::sample_now());
  const auto detected = std::ranges::find(partition, EventType::partition_detected, &api::News::type);
  REQUIRE(detected != partition.end());
  fits("PartitionEvent", detected->data);
  fits("State", api::state_json(after, "start", test::sample_now()));
  fits("State", api::state_json(test::joining_view(), "too_old", test::sample_now()));
}

TEST_CASE("a filter is written in names and beginnings of names") {
  const auto filter = EventFilter::parse("ring-*,app-up");
  REQUIRE(filter.has_value());
  CHECK(filter->takes(EventType::ring_changed));
  CHECK(filter->takes(EventType::app_up));
  CHECK_FALSE(filter->takes(EventType::app_down));
  CHECK_FALSE(filter->takes(EventType::member_join));
  CHECK(EventFilter().takes(EventType::draining));
  CHECK(EventFilter::parse("*")->takes(EventType::member_reaped));
  for (const char* wrong : {"rings-*", "member-join,x", ""}) {
    CAPTURE(wrong);
    CHECK_FALSE(EventFilter::parse(wrong).has_value());
  }
  CHECK(EventFilter::parse("member-joined").error().find("member-join,") != std::string::npos);
}

TEST_CASE("the log keeps so many events and so many bytes, and knows what it has forgotten") {
  auto log = std::make_shared<const api::EventLog>();
  CHECK(log->after(0)->empty());
  CHECK_FALSE(log->after(1));
  for (std::size_t i = 0; i < limits::events_kept + 5; ++i) log = log->with({{EventType::app_up, "{}"}});
  CHECK(log->last() == limits::events_kept + 5);
  CHECK(log->kept().size() == limits::events_kept);
  CHECK_FALSE(log->after(4));
  REQUIRE(log->after(5));
  CHECK(log->after(5)->front()->number == 6);
  CHECK(log->after(log->last())->empty());
  CHECK_FALSE(log->after(log->last() + 1));

  const std::string large(limits::events_kept_bytes / 3, 'x');
  const auto short_log = log->with({{EventType::app_up, large}, {EventType::app_up, large}});
  CHECK(short_log->kept().size() == limits::events_kept);
  const auto full = short_log->with({{EventType::app_up, large}, {EventType::app_up, large}});
  CHECK(full->kept().size() == 3);
  CHECK(log->kept().size() == limits::events_kept);  // a log never changes
}

TEST_CASE("who names no event is told the state and then what comes") {
  auto view = test::sample_view();
  api::Subscription subscription({}, view, "");
  const auto first = read_stream(all_of(subscription, view));
  REQUIRE(first.size() == 1);
  CHECK(first[0].id == "00c0ffee-3");
  CHECK(first[0].type == "reset");
  CHECK(Json::parse(first[0].data)["reason"] == "start");
  CHECK(subscription.next(view, test::sample_now(), 1000).text.empty());

  view.events = view.events->with({{EventType::app_up, R"({"state":"up"})"}});
  CHECK(all_of(subscription, view) == "id: 00c0ffee-4\nevent: app-up\ndata: {\"state\":\"up\"}\n\n");
}

TEST_CASE("who comes back is told what it missed, or the state with the reason") {
  const auto view = test::sample_view();
  const auto first_of = [&](const char* id) {
    api::Subscription subscription({}, view, id);
    const auto seen = read_stream(all_of(subscription, view));
    if (seen.empty()) return std::string("nothing");
    return seen[0].type == "reset" ? Json::parse(seen[0].data)["reason"].get<std::string>() : seen[0].id;
  };
  CHECK(first_of("00c0ffee-0") == "00c0ffee-1");
  CHECK(first_of("00c0ffee-2") == "00c0ffee-3");
  CHECK(first_of("00c0ffee-3") == "nothing");
  for (const char* stranger :
       {"00c0ffee-4", "00c0ffed-2", "2", "00c0ffee-", "00c0ffee-2x", "00c0ffee--1", "-2"})
    CHECK(first_of(stranger) == "unknown_id");
}

TEST_CASE("what passes no filter still counts as seen, for who comes back later") {
  auto view = test::sample_view();
  api::Subscription subscription(*EventFilter::parse("draining"), view, "00c0ffee-1");
  CHECK(subscription.next(view, test::sample_now(), 1000).text.empty());
  const auto seen = read_stream(subscription.comment(view));
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].id == "00c0ffee-3");
  CHECK(seen[0].type.empty());
}

TEST_CASE("a subscriber without room is told no more, and the state when the log has moved on without it") {
  auto view = test::sample_view();
  api::Subscription subscription({}, view, "00c0ffee-0");
  const auto piece = subscription.next(view, test::sample_now(), 1);
  CHECK(read_stream(piece.text).size() == 1);
  CHECK_FALSE(piece.reset);
  for (std::size_t i = 0; i < limits::events_kept; ++i)
    view.events = view.events->with({{EventType::app_up, "{}"}});
  const auto next = subscription.next(view, test::sample_now(), 1);
  CHECK(next.reset);
  const auto seen = read_stream(next.text);
  REQUIRE(seen.size() == 1);
  CHECK(Json::parse(seen[0].data)["reason"] == "too_old");
  CHECK(subscription.next(view, test::sample_now(), 1).text.empty());
}

namespace {

// What a client makes of the events alone.
struct Model {
  std::map<std::string, std::string> members;  // address -> status and incarnation
  std::string ring;

  static std::string row(const Json& member) {
    return member["status"].get<std::string>() + " " + std::to_string(member["incarnation"].get<int>());
  }
  void take(const Seen& event) {
    if (event.type.empty()) return;
    const Json data = Json::parse(event.data);
    if (event.type == "reset") {
      members.clear();
      for (const Json& each : data["members"]) members[each["address"]] = row(each);
      ring = data["ring"]["checksum"];
    } else if (event.type == "ring-changed") {
      ring = data["checksum"];
    } else if (event.type == "member-left" || event.type == "member-reaped") {
      members.erase(data["address"].get<std::string>());
    } else if (event.type.starts_with("member-")) {
      members[data["address"]] = row(data);
    }
  }
  static Model of(const api::View& view) {
    Model model;
    model.take({"", "reset", api::state_json(view, "start", test::sample_now())});
    return model;
  }
  friend bool operator==(const Model&, const Model&) = default;
};

// Some member comes, goes, or changes.
void befall(api::View& view, Rng& rng) {
  using enum ringpop::Status;
  auto members = view.members;
  const std::string name(1, static_cast<char>('a' + rng.below(6)));
  const auto at = std::ranges::lower_bound(members, name + ":1", {}, &api::MemberView::address);
  const std::array statuses{alive, suspect, faulty, leave, tombstone};
  const auto status = statuses[rng.below(statuses.size())];
  const auto incarnation = static_cast<std::int64_t>(rng.below(3));
  if (at == members.end() || at->address != name + ":1")
    members.insert(at, member(name, status, incarnation));
  else if (rng.chance(1, 4))
    members.erase(at);
  else
    *at = member(name, status, incarnation);
  auto next = view_of(std::move(members), view.ring->version() + 1);
  if (next.ring->checksum() == view.ring->checksum()) next.ring = view.ring;
  next.index = view.index + 1;
  next.events = view.events->with(api::what_happened(view, next, test::sample_now()));
  view = std::move(next);
}

}  // namespace

TEST_CASE("a subscriber that leaves and resumes at random sees every change exactly once, in order") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Rng rng(seed);
    CAPTURE(seed);
    api::View view = view_of({member("a", ringpop::Status::alive)});
    Model model;
    std::string last_id;
    std::vector<std::uint64_t> told;     // numbers, in the order in which they came
    std::vector<std::uint64_t> skipped;  // the states: what came before is not told
    std::optional<api::Subscription> open;
    for (int step = 0; step < 400; ++step) {
      // Now and then so much at once that the log forgets what was missed.
      for (std::uint64_t n = rng.chance(1, 100) ? 1500 : rng.below(4); n > 0; --n) befall(view, rng);
      if (!open) open.emplace(EventFilter(), view, last_id);
      const std::string text = open->next(view, test::sample_now(), rng.below(2000)).text;
      auto seen = read_stream(text);
      const bool cut = rng.chance(1, 3);  // the connection breaks, and the last events with it
      if (cut && !seen.empty()) seen.resize(rng.below(seen.size() + 1));
      for (const Seen& event : seen) {
        model.take(event);
        last_id = event.id;
        const auto number = *api::event_number(view, event.id);
        if (event.type == "reset") {
          skipped.push_back(number);
          REQUIRE((told.empty() || told.back() <= number));
        } else {
          const std::uint64_t before =
              std::max(told.empty() ? 0 : told.back(), skipped.empty() ? 0 : skipped.back());
          REQUIRE(number == before + 1);  // none twice, none left out
          told.push_back(number);
        }
      }
      if (cut) open.reset();
    }
    if (!open) open.emplace(EventFilter(), view, last_id);
    for (const Seen& event : read_stream(all_of(*open, view))) model.take(event);
    CHECK(model == Model::of(view));
    CHECK(told.size() > 100);
  }
}

TEST_CASE("GET /v1/events tells its caller to go on, or ends with what is kept") {
  const auto view = test::sample_view();
  const auto stream = test::call_api(view, "GET", "/v1/events");
  CHECK(stream.later == api::Later::stream);
  CHECK(stream.subscription.has_value());
  CHECK(test::header_of(stream, "Cache-Control") == "no-store");
  const auto kept = test::call_api(view, "GET", "/v1/events?follow=false");
  CHECK(kept.later == api::Later::no);
  CHECK(read_stream(kept.body).size() == 3);
  CHECK(read_stream(
            test::call_api(view, "GET", "/v1/events?follow=false", {}, {.last_event_id = "00c0ffee-2"}).body)
            .size() == 1);
  const auto rings = read_stream(test::call_api(view, "GET", "/v1/events?follow=false&types=ring-*").body);
  REQUIRE(rings.size() == 1);
  CHECK(rings[0].type == "ring-changed");
  CHECK(test::call_api(view, "GET", "/v1/events?follow=no").status == 400);
  CHECK(test::call_api(view, "GET", "/v1/events", {}, {.full = true}).status == 503);
  CHECK(test::call_api(view, "GET", "/v1/events?follow=false", {}, {.full = true}).status == 200);
}

TEST_CASE("a read with the index that it knows already waits, and any other is answered") {
  const auto view = test::sample_view();  // 17
  const auto later = [&](const std::string& target, const test::Said& said = {}) {
    return test::call_api(view, "GET", target, {}, said);
  };
  CHECK(later("/v1/members?index=17").later == api::Later::poll);
  CHECK(later("/v1/members?index=17").wait == Millis(30'000));
  CHECK(later("/v1/members?index=17&wait=1.5s").wait == Millis(1500));
  CHECK(later("/v1/members?index=17&wait=99h").wait == Millis(600'000));
  for (const char* page : {"/v1/lookup/k", "/v1/lookup", "/v1/ring", "/v1/ring/ranges",
                           "/v1/members/laptop-1", "/v1/self", "/v1/app"})
    CHECK(later(page + std::string("?key=k&index=17")).later == api::Later::poll);
  for (const char* known : {"16", "0", "18"}) {
    const auto answer = later(std::string("/v1/members?index=") + known);
    CHECK(answer.later == api::Later::no);
    CHECK(answer.status == 200);
    CHECK(test::header_of(answer, "Ringside-Index") == "17");
  }
  CHECK(later("/v1/members?index=17", {.waited = true}).status == 200);
  CHECK(later("/v1/members?index=17", {.waited = true}).later == api::Later::no);
  CHECK(later("/v1/members?wait=1s").later == api::Later::no);
  CHECK(later("/v1/members?index=17&wait=soon").status == 400);
  CHECK(later("/v1/members?index=x").status == 400);
  CHECK(later("/metrics?index=17").later == api::Later::no);
  CHECK(test::call_api(view, "POST", "/v1/lookup?index=17", R"({"keys":["k"]})").later == api::Later::no);
  CHECK(later("/v1/members?index=17", {.full = true}).status == 503);
  CHECK(test::header_of(later("/v1/members?index=17", {.full = true}), "Retry-After") == "1");
}
