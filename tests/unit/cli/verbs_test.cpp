// The verbs against the API of a sample node, over real sockets: what they print and their exit codes.
#include <catch2/catch.hpp>

#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

namespace {

test::HttpServer::Handler node(const api::View& view) {
  return [view](const std::string& request) { return test::answer_as(view, request); };
}

}  // namespace

TEST_CASE("members, lookup, ring and status show what the node answers") {
  const test::HttpServer server(node(test::sample_view()));
  const config::Environment environment{{"RINGSIDE_ADDR", "http://" + server.address()}};

  const auto members = run_cli({"members"}, environment);
  CHECK(members.exit == 0);
  CHECK(members.err.empty());
  CHECK_THAT(
      members.out,
      StartsWith(
          "NAME      STATUS   APP  ADDRESS         KEYS   LABELS\nlaptop-1  alive    -    127.0.0.1:7601"));
  CHECK(run_cli({"members", "--status", "faulty", "--label=zone==us"}, environment).out ==
        "NAME      STATUS  APP  ADDRESS         KEYS  LABELS\nlaptop-3  faulty  -    127.0.0.1:7605  -     "
        "zone=us\n");
  CHECK_THAT(run_cli({"members", "laptop-2"}, environment).out, Contains("laptop-2  suspect"));

  const auto lookup = run_cli({"lookup", "a/b c", "--explain"}, environment);
  CHECK(lookup.exit == 0);
  CHECK_THAT(lookup.out, StartsWith("a/b c -> laptop-") && Contains(", next laptop-") &&
                             Contains("version 4)") && Contains("laptop-3  faulty"));
  CHECK_THAT(run_cli({"ring", "--points"}, environment).out,
             StartsWith("version 4, ") && Contains("replica checksum 0x"));

  const auto status = run_cli({"status"}, environment);
  CHECK(status.exit == 0);
  for (const char* part :
       {"laptop-1 at 127.0.0.1:7601, cluster shop", "phase    ready", "1 alive, 1 suspect, 1 faulty",
        "127.0.0.1:5000", "unix:/run/ringside/api.sock", "up 12.3s", "0x0000002a"})
    CHECK_THAT(status.out, Contains(part));
}

TEST_CASE("with -o json the API's own answer is printed") {
  const auto view = test::sample_view();
  const test::HttpServer server(node(view));
  const auto run = run_cli({"lookup", "k", "-n", "1", "-o", "json", "--addr", server.address()});
  CHECK(run.out == test::call_api(view, "GET", "/v1/lookup/k?n=1").body);
}

TEST_CASE("status compares nodes and fails when they differ") {
  auto other_view = test::sample_view();
  other_view.name = "laptop-2";
  const test::HttpServer server(node(test::sample_view()));
  const test::HttpServer same(node(other_view));
  other_view.membership_checksum = 1;
  const test::HttpServer other(node(other_view));
  const auto agree = run_cli({"status", same.address(), "--addr", server.address()});
  CHECK(agree.exit == 0);
  CHECK_THAT(agree.out, Contains("all of them agree"));
  const auto differ = run_cli({"status", same.address(), other.address(), "--addr", server.address()});
  CHECK(differ.exit == 1);
  CHECK_THAT(differ.out, Contains("they do not agree"));
}

TEST_CASE("problems of the API come with their remedy, and an unknown member is exit 4") {
  const test::HttpServer server(node(test::joining_view()));
  const auto lookup = run_cli({"lookup", "k", "--addr", server.address()});
  CHECK(lookup.exit == 1);
  CHECK(lookup.err ==
        "ringside: not_joined: no seed has answered yet; check join.seeds. Wait until /v1/readyz answers "
        "204; if it never "
        "does, check join.seeds and the log of this node.\n");
  const auto unknown = run_cli({"members", "nobody", "--addr", server.address()});
  CHECK(unknown.exit == 4);
  CHECK_THAT(unknown.err, StartsWith("ringside: unknown_node: no member is called 'nobody'."));
}

TEST_CASE("a unix socket is as good as a port") {
  const test::TempDir folder;
  const std::string path = folder.path("api.sock");
  const test::HttpServer server(path, node(test::sample_view()));
  CHECK(run_cli({"health", "--addr", "unix://" + path}).out == "ready\n");
}

TEST_CASE("health says ready, or why not") {
  const test::HttpServer ready(node(test::sample_view()));
  const test::HttpServer joining(node(test::joining_view()));
  CHECK(run_cli({"health", "--addr", ready.address()}).exit == 0);
  const auto run = run_cli({"health", "--addr", joining.address()});
  CHECK(run.exit == 1);
  CHECK(run.err == "ringside: not ready: no seed has answered yet; check join.seeds\n");
}

TEST_CASE("wait tells each new reason once, and ends when it is so") {
  int asked = 0;
  const test::HttpServer server([&](const std::string& request) {
    ++asked;
    return test::answer_as(asked < 4 ? test::joining_view() : test::sample_view(), request);
  });
  const auto run = run_cli({"wait", "--addr", server.address()});
  CHECK(run.exit == 0);
  CHECK(asked == 4);
  CHECK(run.err == "waiting: not ready: no seed has answered yet; check join.seeds\n");
}

TEST_CASE("wait gives up with exit 5 and the last reason") {
  const test::HttpServer server(node(test::sample_view()));
  const auto run = run_cli({"wait", "--for=members=3", "--timeout", "2s", "--addr", server.address()});
  CHECK(run.exit == 5);
  CHECK(run.err ==
        "waiting: 1 of 3 members are alive\nringside: gave up after 2s: 1 of 3 members are alive\n");
  CHECK(run.slept <= std::chrono::seconds(2));
  CHECK(run_cli({"wait", "--for=members=1", "--addr", server.address()}).exit == 0);
  CHECK(run_cli({"wait", "--for=outbound", "--addr", server.address()}).exit == 0);
  const test::BoundPort nobody;
  const auto refused = run_cli({"wait", "--timeout", "1s", "--addr", nobody.address()});
  CHECK(refused.exit == 5);
  CHECK_THAT(refused.err, Contains("nothing listens at " + nobody.address()));
}

TEST_CASE("ranges, plan and dist show who owns how much and what would move") {
  const test::HttpServer server([view = test::sample_view()](const std::string& request) {
    const auto end = request.find("\r\n\r\n");
    const auto method = request.substr(0, request.find(' '));
    const auto rest = request.substr(method.size() + 1);
    return test::http_answer(
        test::call_api(view, method, rest.substr(0, rest.find(' ')), request.substr(end + 4)));
  });
  const config::Environment environment{{"RINGSIDE_ADDR", "http://" + server.address()}};
  CHECK_THAT(run_cli({"ranges"}, environment).out,
             StartsWith("laptop-1 owns ") && Contains("FROM        TO\n0x"));
  CHECK_THAT(run_cli({"ranges", "laptop-3"}, environment).out, StartsWith("laptop-3 owns 0.00% "));
  CHECK(run_cli({"ranges", "nobody"}, environment).exit == 4);

  const auto plan = run_cli({"plan", "--add", "d:2", "--remove", "laptop-2"}, environment);
  CHECK(plan.exit == 0);
  CHECK_THAT(plan.out, Contains("laptop-2  d  ") && Contains("laptop-2  laptop-1  ") &&
                           Contains("NAME      BEFORE  AFTER\n") && Contains(" of the keys would move\n"));
  CHECK(run_cli({"plan"}, environment).exit == 2);
  CHECK(run_cli({"plan", "--add", "d:x"}, environment).exit == 2);
  const auto unknown = run_cli({"plan", "--remove", "nobody"}, environment);
  CHECK(unknown.exit == 1);
  CHECK_THAT(unknown.err, Contains("remove[0]: 'nobody' is not in the ring"));

  CHECK_THAT(run_cli({"dist"}, environment).out,
             StartsWith("NAME      HASHES\nlaptop-1  ") && Contains("the fullest has 1"));
  const auto keys = run_cli({"dist", "--keys", "-", "-o", "json"}, environment, "a\nb\r\n\n\xFF\nd\n");
  CHECK(keys.exit == 0);
  CHECK_THAT(keys.out, Contains(R"("keys":4})"));
  CHECK(run_cli({"dist", "--keys", "/nowhere"}, environment).exit == 1);
}

TEST_CASE("events prints what is kept, a line for each, or the data as JSON") {
  auto view = test::sample_view();
  auto after = view;
  after.members[1].status = ringpop::Status::faulty;
  after.ring = ring::build({{"laptop-1", "127.0.0.1:7601"}}, 100, 5);
  after.events = api::EventLog().with(api::what_happened(view, after, test::sample_now()));
  const test::HttpServer server(node(after));
  const auto text = run_cli({"events", "--addr", server.address()});
  CHECK(text.exit == 0);
  CHECK_THAT(text.out, Contains("  member-faulty  laptop-2 at 127.0.0.1:7603, faulty, was suspect\n") &&
                           Contains("  ring-changed   version 5, laptop-2 removed, gained ") &&
                           Contains("%, lost 0.0%\n"));
  const auto json = run_cli({"events", "-o", "json", "--types", "ring-*", "--addr", server.address()});
  CHECK_THAT(json.out, StartsWith(R"({"id":"00c0ffee-3","type":"ring-changed","data":{"version":5,)"));
  const auto wrong = run_cli({"events", "--types", "rings", "--addr", server.address()});
  CHECK(wrong.exit == 1);
  CHECK_THAT(wrong.err, Contains("'rings' is no type of event"));
}

TEST_CASE("events -f goes on behind the last event when the stream breaks") {
  std::vector<std::string> asked;
  const test::HttpServer server([&](const std::string& request) {
    asked.push_back(request);
    if (asked.size() == 3) return std::string("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    const std::string id = "x-" + std::to_string(asked.size());
    return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nid: " + id +
           "\nevent: app-up\ndata: {\"at\":\"now\",\"state\":\"up\"}\n\n:\nid: y" + id +
           "\n\nid: half\nevent: app-down\ndata: {\"at\":";
  });
  const auto run = run_cli({"events", "-f", "--addr", server.address()});
  CHECK(run.exit == 1);
  CHECK(run.out == "now  app-up         up\nnow  app-up         up\n");
  REQUIRE(asked.size() == 3);
  CHECK_THAT(asked[0], StartsWith("GET /v1/events?follow=true ") && !Contains("Last-Event-ID"));
  CHECK_THAT(asked[1], Contains("Last-Event-ID: yx-1\r\n"));
  CHECK_THAT(asked[2], Contains("Last-Event-ID: yx-2\r\n"));
  CHECK(run.slept == std::chrono::seconds(2));
}

TEST_CASE("wait for stable: nobody is suspect, and nothing has changed for 3 s") {
  const test::HttpServer doubting(node(test::sample_view()));
  const auto gave_up = run_cli({"wait", "--for=stable", "--timeout", "5s", "--addr", doubting.address()});
  CHECK(gave_up.exit == 5);
  CHECK_THAT(gave_up.err, Contains("laptop-2 is suspect"));

  auto view = test::sample_view();
  for (auto& member : view.members) member.status = ringpop::Status::alive;
  const test::HttpServer calm(node(view));
  const auto waited = run_cli({"wait", "--for=stable", "--addr", calm.address()});
  CHECK(waited.exit == 0);
  CHECK(waited.slept == std::chrono::seconds(3));

  int asked = 0;
  const test::HttpServer moving([&](const std::string& request) {
    if (++asked == 20) ++view.membership_checksum;
    return test::answer_as(view, request);
  });
  const auto moved = run_cli({"wait", "--for=stable", "--addr", moving.address()});
  CHECK(moved.exit == 0);
  CHECK(moved.slept > std::chrono::milliseconds(3500));
}

TEST_CASE("top says what has happened since it looked last") {
  int asked = 0;
  const test::HttpServer server([&](const std::string& request) {
    if (!request.starts_with("GET /metrics ")) return test::answer_as(test::sample_view(), request);
    ++asked;
    api::Response metrics;
    const auto count = [&](int each) { return std::to_string(each * asked) + "\n"; };
    metrics.body = "ringside_requests_total{path=\"local\"} " + count(20) +
                   "ringside_requests_total{path=\"forwarded\"} " + count(5) +
                   "ringside_requests_total{path=\"received\"} " + count(1) +
                   "ringside_errors_total{executed=\"no\"} " + count(2) +
                   "ringside_errors_total{executed=\"maybe\"} " + count(2) +
                   "ringside_requests_in_flight 7\n";
    return test::http_answer(metrics);
  });
  const auto run = run_cli({"top", "--times", "2", "--addr", server.address()});
  CHECK(run.exit == 0);
  CHECK(run.slept == std::chrono::seconds(4));
  const std::string line =
      "laptop-1 ready; requests a second: 10.0 for its app, 2.5 passed on, 0.5 from others; errors: 2.0; "
      "under "
      "way: 7; members: 1 alive, 1 suspect, 1 faulty\n";
  CHECK(run.out == line + line);
  CHECK_THAT(run_cli({"top", "--times=1", "--every=1s", "-o", "json", "--addr", server.address()}).out,
             Contains("\"local_per_s\":20.0"));
  CHECK(run_cli({"top", "--every", "1ms"}).exit == 2);
  const test::BoundPort nobody;
  CHECK(run_cli({"top", "--addr", nobody.address()}).exit == 3);
}

TEST_CASE("with --wide members are shown with what is measured of them and their versions") {
  const test::HttpServer server(node(test::sample_view()));
  const auto wide = run_cli({"members", "-w", "--addr", server.address()});
  CHECK_THAT(wide.out, StartsWith("NAME      STATUS   APP  ADDRESS         KEYS   VERSION  RTT      FLAPS  "
                                  "WEIGHT  INCARNATION    LABELS\n"));
  CHECK_THAT(wide.out, Contains("  0.9.0    0.412ms  500    1       1700000000001  tier=gold,zone=eu\n"));
  CHECK_THAT(wide.out, Contains("  -        -        0      1       1700000000002  zone=us\n"));
  CHECK_THAT(run_cli({"members", "laptop-2", "--wide", "--addr", server.address()}).out, Contains("0.412ms"));
}

TEST_CASE("with -o jsonl each row is an object on a line of its own, and what has no rows is one line") {
  const auto view = test::sample_view();
  const test::HttpServer server(node(view));
  const auto lines = [&](std::vector<std::string> words) {
    words.insert(words.end(), {"-o", "jsonl", "--addr", server.address()});
    const auto run = run_cli(words);
    CHECK(run.exit == 0);
    std::vector<test::Json> all;
    std::istringstream in(run.out);
    for (std::string line; std::getline(in, line);) all.push_back(test::Json::parse(line));
    return all;
  };
  const auto members = lines({"members"});
  REQUIRE(members.size() == 3);
  CHECK(members[1]["name"] == "laptop-2");
  CHECK(lines({"ring"}).size() == 2);
  CHECK(lines({"ring", "--points"}).size() == 200);
  CHECK(lines({"ranges"}).size() > 10);
  CHECK(lines({"dist"})[0]["name"] == "laptop-1");
  CHECK(lines({"members", "laptop-3"})[0]["status"] == "faulty");
  const auto lookup = lines({"lookup", "k", "-n", "2"});
  REQUIRE(lookup.size() == 1);
  CHECK(lookup[0]["owners"].size() == 2);
  CHECK(lines({"status"})[0]["cluster"] == "shop");
  CHECK(lines({"config", "show"})[0]["cluster"] == "ringside");  // what is many lines with -o json
}

TEST_CASE("status shows how the node is and what it is set to") {
  const test::HttpServer server(node(test::sample_view()));
  const auto run = run_cli({"status", "--addr", server.address()});
  CHECK_THAT(run.out, Contains("health   1 of 3: slow, or badly connected; its timeouts are stretched\n"));
  CHECK_THAT(run.out, Contains("config   digest 00112233445566aa; damping\n"));
}
