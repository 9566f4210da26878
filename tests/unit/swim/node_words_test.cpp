// What a member says of itself, changed while it runs: labels and weight.
#include "daemon/swim/member.hpp"
#include "daemon/swim/ring_input.hpp"
#include "tests/unit/swim/node_support.hpp"

namespace ringside::swim {
namespace {

Config named(std::string name) {
  Config config;
  config.name = std::move(name);
  return config;
}

std::string labels_of(const MemberRow& row) {
  std::string all;
  for (const auto& [key, value] : row.labels)
    if (key != "__nonce") all += (all.empty() ? "" : " ") + key + "=" + value;
  return all;
}

TEST_CASE("other labels are told by a higher incarnation, and the same ones not at all") {
  Bench bench(named("a"));
  bench.join_cluster({"10.0.0.2:7601"});
  const auto before = bench.node.incarnation();
  bench.node.set_words(bench.now, {{"zone", "eu"}}, 1, bench.fresh());
  CHECK(bench.node.incarnation() > before);
  CHECK(labels_of(*bench.row(me)) == "__identity=a zone=eu");
  CHECK(bench.notices<MemberChanged>().size() == 1);
  CHECK(bench.notices<RingInputChanged>().empty());
  const auto told = std::get<ringpop::Ping>(bench.next_ping().body).changes;
  REQUIRE_FALSE(told.empty());
  CHECK(told.back().address == me);
  CHECK(told.back().labels == bench.row(me)->labels);

  const auto now = bench.node.incarnation();
  bench.node.set_words(bench.now, {{"zone", "eu"}}, 1, bench.fresh());
  CHECK(bench.node.incarnation() == now);
  CHECK(bench.out.empty());
}

TEST_CASE("another weight moves the ring, ours and that of those who hear of it") {
  Bench bench(named("a"));
  bench.join_cluster({"10.0.0.2:7601"});
  bench.node.set_words(bench.now, {}, 3, bench.fresh());
  CHECK(bench.notices<RingInputChanged>().size() == 1);
  CHECK(bench.row(me)->weight == 3);

  Bench other(named("b"));
  other.join_cluster({"10.0.0.2:7601"});
  (void)other.ping({say("10.0.0.9:7601", Status::alive, today_ms, {{"__identity", "c"}})});
  (void)other.ping(
      {say("10.0.0.9:7601", Status::alive, today_ms + 1, {{"__identity", "c"}, {"__weight", "3"}})});
  CHECK(other.notices<RingInputChanged>().size() == 1);
  const auto servers = ring_servers(other.node.members());
  const auto found = std::ranges::find(servers, "c", &ring::Server::name);
  REQUIRE(found != servers.end());
  CHECK(found->weight == 3);
  bench.node.set_words(bench.now, {}, 1, bench.fresh());
  CHECK(labels_of(*bench.row(me)) == "__identity=a");
}

TEST_CASE("words changed while the member is out of the ring count when it is back") {
  Bench bench(named("a"));
  bench.join_cluster({"10.0.0.2:7601"});
  bench.node.set_app(bench.now, App::down, bench.fresh());
  bench.node.set_words(bench.now, {{"zone", "eu"}}, 2, bench.fresh());
  CHECK(labels_of(*bench.row(me)) == "__app=down __identity=a __weight=2 zone=eu");
  CHECK(bench.notices<RingInputChanged>().empty());
  bench.pass(Millis(3000));
  bench.node.set_app(bench.now, App::ready, bench.fresh());
  CHECK(labels_of(*bench.row(me)) == "__identity=a __weight=2 zone=eu");
  CHECK(bench.status(me) == Status::alive);
}

TEST_CASE("a weight that is none counts as 1") {
  for (const char* text : {"", "0", "-1", "65", "x", "1e3", "99999999999999999999"})
    CHECK(weight_of({{weight_label, text}}) == 1);
  CHECK(weight_of({}) == 1);
  CHECK(weight_of({{weight_label, "64"}}) == 64);
}

}  // namespace
}  // namespace ringside::swim
