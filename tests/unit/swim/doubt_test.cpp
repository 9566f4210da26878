// Deaths that only a doubtful member speaks of (doubt.hpp): the living lose nothing by its word, and the dead
// go all the same.
#include "daemon/swim/doubt.hpp"

#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string doubtful = "10.0.0.2:7601";
const std::string accused = "10.0.0.3:7601";
const std::string helper = "10.0.0.4:7601";

// A node for which `doubtful` is a suspect.
struct Doubting : Bench {
  explicit Doubting(Config config) : Bench(std::move(config)) {
    join_cluster({doubtful, accused, helper});
    ping({say(doubtful, Status::suspect, today_ms - 1000)});
  }
  // It says that the accused is dead.
  void told() {
    ping({{accused, Status::faulty, today_ms - 1000, doubtful, today_ms - 1000, {}}});
    CHECK(status(accused) == Status::suspect);
    CHECK(notices<RingInputChanged>().empty());
  }
  // Lets time pass in which the accused is dead and the others answer; until it is faulty here.
  Duration until_removed(Errc dead) {
    const Instant start = now.steady;
    while (status(accused) != Status::faulty) {
      REQUIRE(now.steady - start < 60s);
      tick();
      answer_all(dead);
    }
    return now.steady - start;
  }

 private:
  void answer_all(Errc dead) {
    for (std::vector<Send> sends = out.sends; !sends.empty();) {
      std::vector<Send> more;
      for (const Send& send : sends) {
        if (send.to == accused)
          fail(send, dead);
        else if (const auto* asked = std::get_if<ringpop::PingReq>(&send.body))
          answer(send, ringpop::PingReqResponse{{},
                                                asked->target != accused,
                                                asked->target,
                                                asked->target == accused && dead == Errc::refused});
        else
          answer(send, ringpop::PingResponse{{}, node.checksum(), send.to, 1});
        more.insert(more.end(), out.sends.begin(), out.sends.end());
      }
      sends = std::move(more);
    }
  }
};

Config with_doubt() {
  Config config;
  config.heal_doubt = 10s;
  return config;
}

}  // namespace

TEST_CASE("a real death told by a doubtful member alone is believed when our own probe has proved it") {
  Doubting bench(with_doubt());
  bench.told();
  CHECK(bench.until_removed(Errc::refused) < 2s);  // a turn of the rotation, and the witnesses
}

TEST_CASE("without proof of death it is believed after a suspect's time") {
  Config config = with_doubt();
  config.proof_of_death = false;
  config.lifeguard = plain_swim;
  Doubting bench(config);
  bench.told();
  const Duration took = bench.until_removed(Errc::timed_out);
  CHECK(took >= config.suspect_timeout);
  CHECK(took <= config.suspect_timeout + 10ms);
}

TEST_CASE("who lives refutes it and was in the ring all the time; without the option the word is believed") {
  Doubting bench(with_doubt());
  bench.told();
  bench.ping({say(accused, Status::alive, today_ms)});
  CHECK(bench.status(accused) == Status::alive);
  CHECK(bench.notices<RingInputChanged>().empty());

  Doubting believing{Config{}};
  believing.ping({{accused, Status::faulty, today_ms - 1000, doubtful, today_ms - 1000, {}}});
  CHECK(believing.status(accused) == Status::faulty);
}

TEST_CASE("the word of a suspect that has refuted is doubted for a while longer") {
  for (const bool later : {false, true}) {
    Doubting bench(with_doubt());
    bench.ping({say(doubtful, Status::alive, today_ms)});
    if (later) bench.pass(10s);
    bench.ping({{accused, Status::faulty, today_ms - 1000, doubtful, today_ms, {}}});
    CHECK(bench.status(accused) == (later ? Status::faulty : Status::suspect));
  }
}
