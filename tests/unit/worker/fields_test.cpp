// The header rules of a hop: what is believed, what is dropped, what goes on.
#include "daemon/worker/fields.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

using namespace ringside;
using namespace ringside::worker;

namespace {

http::RequestHead request(std::vector<http::Field> fields, std::string_view method = "GET") {
  http::RequestHead head;
  head.method = method;
  head.target = "/x";
  head.authority = "a";
  head.fields = std::move(fields);
  return head;
}

std::vector<std::string> names(const http::RequestHead& head) {
  std::vector<std::string> result;
  for (const auto& field : head.fields) result.emplace_back(field.name);
  return result;
}

Passport take_passport(http::RequestHead& head, bool from_peer) {
  Passport passport;
  worker::take_passport(head, from_peer, passport);
  return passport;
}

}  // namespace

TEST_CASE("nothing a client says in Ringside-* is passed on or believed, but its time limit") {
  auto head = request({{"Ringside-Hops", "7"},
                       {"ringside_hops", "7"},
                       {"Ringside-From", "evil"},
                       {"Ringside-Timeout", "800ms"},
                       {"Ringside-Owner", "evil"},
                       {"Accept", "*/*"},
                       {"Ringsidey", "kept"}});
  const Passport passport = take_passport(head, false);
  CHECK(passport.hops == 0);
  CHECK(passport.from.empty());
  CHECK(passport.timeout == Millis(800));
  CHECK(names(head) == std::vector<std::string>{"Accept", "Ringsidey"});
}

TEST_CASE("a peer's passport is read and taken out of the head") {
  auto head = request({{"ringside-passport", "1 1.1 a 10.0.0.1 id of two words"},
                       {"ringside-key", "k"},
                       {"ringside-timeout", "1.5s"},
                       {"x-forwarded-for", "10.0.0.1"},
                       {"accept", "*/*"}});
  const Passport passport = take_passport(head, true);
  CHECK(passport.hops == 1);
  CHECK(passport.from == "a");
  CHECK(passport.timeout == Millis(1500));
  CHECK(passport.client == "10.0.0.1");
  CHECK(passport.request_id == "id of two words");
  CHECK(passport.via == "1.1 a");  // as it goes without saying
  CHECK(names(head) == std::vector<std::string>{"x-forwarded-for", "accept"});
}

TEST_CASE("what is written into a passport is read out of it") {
  for (const bool http2 : {false, true}) {
    for (const int hops : {1, 2, 8}) {
      Passport passport;
      passport.from = "127.0.0.1:7601";
      passport.client = http2 ? "" : "::1";
      passport.request_id = "0123456789abcdef";
      std::string text;
      write_passport(passport, hops, http2 ? "2" : "1.1", text);
      auto head = request({{"via", hops > 1 ? "1.1 x, 2 y" : ""}, {"ringside-passport", text}});
      const Passport read = take_passport(head, true);
      CHECK(read.hops == hops);
      CHECK(read.from == passport.from);
      CHECK(read.client == passport.client);
      CHECK(read.request_id == passport.request_id);
      CHECK(read.via == (hops > 1 ? "1.1 x, 2 y" : http2 ? "2 127.0.0.1:7601" : "1.1 127.0.0.1:7601"));
      CHECK(head.fields.empty());
    }
  }
}

TEST_CASE("a peer without a usable passport has sent the request on all the same") {
  for (const std::string_view text : {"", "0 1.1 a - id", "x", "-3 1.1 a - id", " 1"}) {
    INFO(text);
    auto head = request({{"ringside-passport", text}});
    CHECK(take_passport(head, true).hops == 1);
  }
  auto head = request({{"accept", "*/*"}});
  CHECK(take_passport(head, true).hops == 1);
}

TEST_CASE("a client has no passport") {
  auto head = request({{"Ringside-Passport", "2 1.1 evil 6.6.6.6 id"}});
  const Passport passport = take_passport(head, false);
  CHECK(passport.hops == 0);
  CHECK(passport.from.empty());
  CHECK(passport.client.empty());
  CHECK(passport.request_id.empty());
  CHECK(head.fields.empty());
}

TEST_CASE("a client's word about forwarding is dropped: the app may believe what it reads") {
  auto head =
      request({{"X-Forwarded-For", "1.2.3.4"}, {"x-forwarded-host", "evil"}, {"Forwarded", "for=1.2.3.4"}});
  (void)take_passport(head, false);
  CHECK(head.fields.empty());
}

TEST_CASE("fields of one connection stay on it") {
  auto head = request({{"Connection", "close, X-Drop"},
                       {"X-Drop", "1"},
                       {"Keep-Alive", "5"},
                       {"TE", "gzip"},
                       {"Proxy-Authorization", "z"},
                       {"Upgrade", "h2c"},
                       {"X-Keep", "1"}});
  (void)take_passport(head, false);
  CHECK(names(head) == std::vector<std::string>{"X-Keep"});
}

TEST_CASE(
    "what may be repeated: idempotent methods, and anything with an Idempotency-Key, which goes on to the "
    "app") {
  for (const auto& [method, repeatable] : std::vector<std::pair<std::string, bool>>{{"GET", true},
                                                                                    {"HEAD", true},
                                                                                    {"PUT", true},
                                                                                    {"DELETE", true},
                                                                                    {"OPTIONS", true},
                                                                                    {"POST", false},
                                                                                    {"PATCH", false},
                                                                                    {"get", false}}) {
    INFO(method);
    auto head = request({}, method);
    CHECK(take_passport(head, false).repeatable == repeatable);
  }
  auto head = request({{"Idempotency-Key", "1"}}, "POST");
  CHECK(take_passport(head, false).repeatable);
  CHECK(names(head) == std::vector<std::string>{"Idempotency-Key"});
  head = request({{"Idempotency-Key", ""}}, "POST");
  CHECK_FALSE(take_passport(head, false).repeatable);
  head = request({{"Idempotency-Key", ""}}, "PUT");
  CHECK(take_passport(head, false).repeatable);
}

TEST_CASE("nonsense in a field that only helps is as if it were not there") {
  auto head = request({{"Ringside-Timeout", "soon"}, {"X-Request-Id", std::string_view("x").data()}});
  const Passport passport = take_passport(head, false);
  CHECK(passport.timeout == Millis::zero());
  CHECK(passport.request_id == "x");
}

TEST_CASE("a caller limits the repeats by a number; anything else allows none") {
  const std::pair<std::string_view, int> table[] = {{"0", 0},         {"1", 1},    {"17", 17},
                                                    {"99999", 65535}, {"", 0},     {"-1", 0},
                                                    {"1.5", 0},       {"none", 0}, {"1 ", 0}};
  for (const auto& [text, retries] : table) {
    CAPTURE(text);
    for (const bool from_peer : {false, true}) {
      auto head = request({{"Ringside-Retry", text}});
      CHECK(take_passport(head, from_peer).retries == retries);
      CHECK(head.fields.empty());
    }
  }
  auto head = request({});
  CHECK(take_passport(head, false).retries == -1);
}

TEST_CASE("a gRPC caller's time limit counts when there is none of ours") {
  auto head = request({{"grpc-timeout", "2S"}});
  CHECK(take_passport(head, false).timeout == Millis(2000));
  CHECK(names(head) == std::vector<std::string>{"grpc-timeout"});
  head = request({{"Ringside-Timeout", "1s"}, {"grpc-timeout", "2S"}});
  CHECK(take_passport(head, false).timeout == Millis(1000));
  head = request({{"grpc-timeout", "99999999H"}});
  CHECK(take_passport(head, false).timeout == Millis(limits::timeout_max));
}

TEST_CASE("the app's own Ringside-* and connection fields do not reach the caller") {
  http::ResponseHead reply;
  reply.fields = {
      {"Ringside-Error", "not_owner"}, {"Connection", "X-A"}, {"X-A", "1"}, {"Content-Type", "text/plain"}};
  const ReplyNotes notes = take_reply(reply);
  REQUIRE(reply.fields.size() == 1);
  CHECK(reply.fields[0].name == "Content-Type");
  CHECK(notes.content_type == "text/plain");
  CHECK(notes.error == "not_owner");  // for who knows whether a ringside said it
  CHECK_FALSE(notes.has_request_id);
}

TEST_CASE("an owned head outlives the buffer it was parsed from") {
  OwnedHead owned;
  for (unsigned round = 0; round < 3; ++round) {
    std::string method = "POST", target = "/path" + std::string(100 * (round + 1), 'x'), name = "Name",
                value = "value";
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.fields = {{name, value}, {name, value}};
    owned.assign(head);
    method = target = name = value = "gone";
    CHECK(owned.get().method == "POST");
    CHECK(owned.get().target.size() == 5 + 100U * (round + 1));
    REQUIRE(owned.get().fields.size() == 2);
    CHECK(owned.get().fields[1].name == "Name");
    CHECK(owned.get().fields[1].value == "value");
  }
}

TEST_CASE(
    "Max-Forwards counts for OPTIONS of a client: one less behind us, and none left means that it ends "
    "here") {
  auto head = request({{"Max-Forwards", "3"}});
  head.method = "OPTIONS";
  CHECK_FALSE(ends_here(head));
  CHECK(take_passport(head, false).max_forwards == "2");
  CHECK(head.fields.empty());

  auto last = request({{"max-forwards", "0"}});
  CHECK_FALSE(ends_here(last));  // a GET
  CHECK(take_passport(last, false).max_forwards.empty());
  last.method = "OPTIONS";
  CHECK(ends_here(last));

  auto odd = request({{"Max-Forwards", "-1"}});
  odd.method = "OPTIONS";
  CHECK_FALSE(ends_here(odd));
  CHECK(take_passport(odd, false).max_forwards.empty());
  CHECK(names(odd) == std::vector<std::string>{"Max-Forwards"});
}

TEST_CASE("a request id is kept if it is a token") {
  auto head = request({{"X-Request-Id", "a b"}});
  CHECK(take_passport(head, false).request_id.empty());
}

namespace {

worker::Wishes wishes_of(std::vector<http::Field> fields) {
  auto head = request(std::move(fields));
  Passport passport;
  worker::Wishes wishes;
  worker::take_passport(head, false, passport, false, &wishes);
  CHECK(names(head).empty());
  return wishes;
}

}  // namespace

TEST_CASE("a caller's wishes are read, and taken out of the head") {
  CHECK_FALSE(wishes_of({}).place);
  CHECK(wishes_of({{"Ringside-Route", "owner"}}).place == forward::Place::owner);
  CHECK(wishes_of({{"ringside-route", "local-only"}}).place == forward::Place::local_only);
  CHECK(wishes_of({{"Ringside-Route", "prefer-local"}}).place == forward::Place::prefer_local);
  CHECK(wishes_of({{"Ringside-Check", "key"}}).check == config::ForwardCheck::key);
  CHECK(wishes_of({{"RINGSIDE-CHECK", "view"}}).check == config::ForwardCheck::view);
  CHECK(wishes_of({{"Ringside-Check", "none"}}).check == config::ForwardCheck::none);
  CHECK(wishes_of({{"Ringside-App", "shop"}}).app == "shop");
  CHECK(wishes_of({{"ringside_route", "local-only"}}).fault.empty());  // a twin is another field, and dropped
}

TEST_CASE("a wish that cannot be names the field and what it may hold") {
  struct Row {
    std::vector<http::Field> fields;
    std::string fault;
  };
  const std::vector<Row> rows{
      {{{"Ringside-Route", "nearest"}},
       "Ringside-Route is 'nearest'; it is one of owner, local-only, prefer-local"},
      {{{"Ringside-Route", ""}}, "Ringside-Route is ''; it is one of owner, local-only, prefer-local"},
      {{{"Ringside-Route", "owner"}, {"Ringside-Route", "owner"}},
       "Ringside-Route is there more than once; it is one of owner, local-only, prefer-local"},
      {{{"Ringside-Check", "Key"}}, "Ringside-Check is 'Key'; it is one of key, view, none"},
      {{{"Ringside-App", ""}}, "Ringside-App is there more than once, or empty; it is the name of one app"},
      {{{"Ringside-App", "a"}, {"Ringside-App", "b"}},
       "Ringside-App is there more than once, or empty; it is the name of one app"},
  };
  for (const auto& row : rows) CHECK(wishes_of(row.fields).fault == row.fault);
}

TEST_CASE("what an entry asks of a receiver is read back, and a word of the future checks the key") {
  for (const auto check : {config::ForwardCheck::none, config::ForwardCheck::view}) {
    std::string text;
    worker::write_check(check, 0x1a2b3c4d, text);
    CHECK(text == (check == config::ForwardCheck::none ? "none" : "view 1a2b3c4d"));
    auto head = request({{"ringside-check", text}, {"ringside-node", "b"}});
    const Passport passport = take_passport(head, true);
    CHECK(passport.check == check);
    CHECK(passport.ring == (check == config::ForwardCheck::none ? 0 : 0x1a2b3c4d));
    CHECK(passport.node == "b");
  }
  for (const auto* odd : {"", "view", "view x", "view 1a2b3c4d5", "quorum"}) {
    auto head = request({{"ringside-check", odd}});
    CHECK(take_passport(head, true).check == config::ForwardCheck::key);
  }
  auto forged = request({{"ringside-check", "none"}, {"ringside-node", "b"}});
  const Passport of_client = take_passport(forged, false);
  CHECK(of_client.check == config::ForwardCheck::key);
  CHECK(of_client.node.empty());
}
