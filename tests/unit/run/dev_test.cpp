// The decisions of `ringside dev`: keys, lines, and what becomes of the nodes.
#include "daemon/run/dev.hpp"

#include <catch2/catch.hpp>
#include <csignal>

using namespace ringside;
using namespace std::chrono_literals;
using run::Child;
using run::Deed;
using run::NodeState;

namespace {

// Each input gives what is done for it, what is said left out.
struct Story {
  explicit Story(int nodes = 2) : core(nodes, 30s) {
    CHECK_FALSE(tell([&](auto& out) { core.start(now, out); }).empty());
  }

  template <class Input>
  std::string tell(const Input& input) {
    run::DevOutbox out;
    input(out);
    std::string all;
    const auto add = [&](const std::string& text) { all += (all.empty() ? "" : ", ") + text; };
    const auto name = [](int node, Child child) {
      return (child == Child::daemon ? "d" : "a") + std::to_string(node);
    };
    for (const auto& action : out) {
      if (const auto* start = std::get_if<run::StartHalf>(&action))
        add("start " + name(start->node, start->child));
      if (const auto* sent = std::get_if<run::SignalHalf>(&action))
        add(name(sent->node, sent->child) + " " + std::to_string(sent->number));
      if (const auto* load = std::get_if<run::Load>(&action)) add(load->on ? "load" : "no load");
      if (const auto* cut = std::get_if<run::Partition>(&action)) {
        std::string side;
        for (const int node : cut->cut_off) side += " " + std::to_string(node);
        add(side.empty() ? "whole" : "cut" + side);
      }
      if (const auto* exit = std::get_if<run::Exit>(&action)) add("exit " + std::to_string(exit->code));
    }
    return all;
  }
  std::string order(Deed deed, int node = 0) {
    return tell([&](auto& out) { core.on_order(now, {deed, node}, out); });
  }
  std::string ends(int node, Child child, int code = 128 + SIGKILL) {
    return tell([&](auto& out) { core.on_ended(now, node, child, {code}, out); });
  }
  std::string after(Duration time) {
    now += time;
    return tell([&](auto& out) { core.on_deadline(now, out); });
  }
  [[nodiscard]] NodeState state(int node) const {
    return core.nodes()[static_cast<std::size_t>(node - 1)].state;
  }

  run::DevCluster core;
  Instant now{1h};
};

}  // namespace

TEST_CASE("each deed has a key, and a word for lines") {
  for (const char key : std::string("kscphl+-q")) CHECK(run::deed_of_key(key).has_value());
  for (const char key : std::string("xyz\x1b")) CHECK_FALSE(run::deed_of_key(key).has_value());
  CHECK(*run::parse_order("kill 2") == run::Order{Deed::kill, 2});
  CHECK(*run::parse_order("  continue  n3 ") == run::Order{Deed::go_on, 3});
  CHECK(*run::parse_order("quit") == run::Order{Deed::quit, 0});
  CHECK(run::parse_order("kill").error() == "kill takes the number of one node");
  CHECK(run::parse_order("kill 1 2").error() == "kill takes the number of one node");
  CHECK(run::parse_order("kill 99").error() == "'99' is not the number of a node");
  CHECK(run::parse_order("quit 1").error() == "quit takes nothing behind it");
  CHECK(
      run::parse_order("klil 1").error() ==
      "'klil 1' is none of kill N, stop N, continue N, partition N, heal, load, add, drain N, quit, status");
}

TEST_CASE("a killed node is started again by continue") {
  Story story;
  CHECK(story.order(Deed::kill, 2) == "d2 9, a2 9");
  CHECK(story.ends(2, Child::app).empty());
  CHECK(story.ends(2, Child::daemon).empty());
  CHECK(story.state(2) == NodeState::ended);
  CHECK(story.order(Deed::kill, 2).empty());
  CHECK(story.order(Deed::go_on, 2) == "start d2, start a2");
  CHECK(story.state(2) == NodeState::running);
}

TEST_CASE("a stopped node goes on; orders without a number are for the chosen one") {
  Story story;
  story.core.choose(2);
  CHECK(story.order(Deed::stop) == "d2 19, a2 19");
  CHECK(story.order(Deed::stop).empty());
  CHECK(story.order(Deed::go_on) == "d2 18, a2 18");
  CHECK(story.state(2) == NodeState::running);
  story.core.choose(3);  // there is none
  CHECK(story.core.chosen() == 2);
}

TEST_CASE("nodes that are cut off one after the other are one side, until heal") {
  Story story(4);
  CHECK(story.order(Deed::heal).empty());
  CHECK(story.order(Deed::cut_off, 3) == "cut 3");
  CHECK(story.order(Deed::cut_off, 1) == "cut 1 3");
  CHECK(story.core.cut_off() == std::set<int>{1, 3});
  CHECK(story.order(Deed::heal) == "whole");
  CHECK(story.core.cut_off().empty());
}

TEST_CASE("draining ends the daemon first, then the app, and kills who takes too long") {
  Story story;
  CHECK(story.order(Deed::drain, 1) == "d1 15");
  CHECK(story.state(1) == NodeState::draining);
  CHECK(story.order(Deed::drain, 1).empty());
  CHECK(story.ends(1, Child::daemon, 0) == "a1 15");
  CHECK(story.after(29s).empty());
  CHECK(story.after(1s) == "a1 9");
  CHECK(story.ends(1, Child::app).empty());
  CHECK(story.state(1) == NodeState::ended);
  (void)story.order(Deed::stop, 2);
  CHECK(story.order(Deed::drain, 2) == "d2 18, a2 18, d2 15");
  CHECK(story.after(35s) == "d2 9, a2 9");
}

TEST_CASE("an app that ends by itself leaves its daemon alone, a daemon takes its app with it") {
  Story story;
  CHECK(story.ends(1, Child::app, 1).empty());
  CHECK(story.state(1) == NodeState::running);
  CHECK(story.order(Deed::go_on, 1) == "start a1");
  CHECK(story.ends(1, Child::daemon, 1) == "a1 9");
  CHECK(story.ends(1, Child::app).empty());
  CHECK(story.state(1) == NodeState::ended);
}

TEST_CASE("nodes are added up to 32") {
  Story story(31);
  CHECK(story.order(Deed::add) == "start d32, start a32");
  CHECK(story.order(Deed::add).empty());
}

TEST_CASE("quit tells all to end, kills them after 3 s, and exits when the last is gone") {
  Story story;
  (void)story.order(Deed::stop, 2);
  (void)story.order(Deed::load);
  CHECK(story.order(Deed::quit) == "d1 15, a1 15, d2 15, a2 15, d2 18, a2 18, no load");
  CHECK(story.order(Deed::kill, 1).empty());
  CHECK(story.ends(1, Child::daemon, 0).empty());
  CHECK(story.ends(1, Child::app, 143).empty());
  CHECK(story.after(3s) == "d2 9, a2 9");
  CHECK(story.ends(2, Child::daemon).empty());
  CHECK(story.ends(2, Child::app) == "exit 0");
}

TEST_CASE("quit asked again does not wait, and exits at once where nothing runs") {
  Story story(1);
  (void)story.order(Deed::quit);
  CHECK(story.order(Deed::quit) == "d1 9, a1 9");
  Story dead(1);
  (void)dead.ends(1, Child::daemon);
  (void)dead.ends(1, Child::app);
  CHECK(dead.order(Deed::quit) == "exit 0");
}
