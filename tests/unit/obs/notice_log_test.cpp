// Each notice of the SWIM core gives exactly one log line and moves exactly its metrics.
#include "daemon/obs/notice_log.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>

#include "daemon/obs/log.hpp"

using namespace ringside;
using namespace ringside::obs;
using ringpop::Status;

namespace {

// The lines that one notice logs, each from its level on, joined by '\n'.
std::string logged(const swim::Notice& notice, ControlMetrics& metrics) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int saved = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  start_log(Level::trace, false);
  note(notice, metrics);
  stop_log();
  dup2(saved, STDERR_FILENO);
  close(saved);
  std::rewind(file);
  std::string text;
  char line[4096];
  while (std::fgets(line, sizeof line, file) != nullptr)
    text += std::string(line).substr(std::string(line).find(' ') + 1);
  std::fclose(file);
  return text;
}

}  // namespace

TEST_CASE("each notice is one line") {
  const auto& [notice, expected] = GENERATE(table<swim::Notice, std::string>({
      {swim::MemberChanged{"10.0.0.1:7601", "a", Status::alive, Status::suspect, 7, "10.0.0.2:7601"},
       "info member_changed name=a address=10.0.0.1:7601 before=alive after=suspect incarnation=7 "
       "source=10.0.0.2:7601\n"},
      {swim::MemberChanged{"10.0.0.1:7601", "a", std::nullopt, Status::alive, 7, ""},
       "info member_changed name=a address=10.0.0.1:7601 before=unknown after=alive incarnation=7 "
       "source=\"\"\n"},
      {swim::MemberChanged{"10.0.0.1:7601", "a", Status::tombstone, std::nullopt, 7, "b"},
       "info member_changed name=a address=10.0.0.1:7601 before=tombstone after=evicted incarnation=7 "
       "source=b\n"},
      {swim::MemberChanged{"10.0.0.1:7601", "a", Status::alive, Status::alive, 8, "b"},
       "debug member_changed name=a address=10.0.0.1:7601 before=alive after=alive incarnation=8 source=b\n"},
      {swim::RingInputChanged{}, ""},
      {swim::JoinRound{3, 2, 1, "timed out"},
       "info join_round asked=3 joined=2 failed=1 error=\"timed out\"\n"},
      {swim::JoinRound{3, 3, 0, ""}, "info join_round asked=3 joined=3 failed=0\n"},
      {swim::JoinRound{2, 0, 2, "connection refused"},
       "warn join_round asked=2 joined=0 failed=2 error=\"connection refused\" remedy=\"no seed answered: "
       "check join.seeds "
       "and that a ringside runs there; trying on\"\n"},
      {swim::Overslept{1200},
       "info overslept ms=1200 meaning=\"this process was not run when it should have been; nobody is "
       "accused for "
       "what it missed\"\n"},
      {swim::JoinComplete{2}, "info join_complete joined=2\n"},
      {swim::ProbeFailed{"10.0.0.1:7601"}, "debug probe_failed target=10.0.0.1:7601\n"},
      {swim::ProbeInconclusive{"10.0.0.1:7601"}, "debug probe_inconclusive target=10.0.0.1:7601\n"},
      {swim::Refuted{9}, "info refuted incarnation=9\n"},
      {swim::DeathProved{"10.0.0.1:7601", 7, 2},
       "info death_proved address=10.0.0.1:7601 incarnation=7 witnesses=2 meaning=\"nobody listens there, as "
       "others found too; its keys move at once\"\n"},
      {swim::FullSync{"10.0.0.1:7601", true, 5},
       "debug full_sync peer=10.0.0.1:7601 reverse=true members=5\n"},
      {swim::Damped{5120, 60000},
       "warn damped score=5120 ms=60000 meaning=\"this node came and went too often; it stays out of the "
       "ring "
       "for so "
       "long\" remedy=\"look after what makes it or its app fail; gossip.damping.* sets the limits\"\n"},
      {swim::DampingEnded{}, "info damping_ended\n"},
      {swim::NameConflict{"a", "10.0.0.1:7601", "10.0.0.2:7601"},
       "error name_conflict name=a address=10.0.0.1:7601 other_address=10.0.0.2:7601 remedy=\"two live "
       "members share one "
       "name: give one of them another node.name (--name) and restart it\"\n"},
  }));
  ControlMetrics metrics;
  CHECK(logged(notice, metrics) == expected);
}

TEST_CASE("each notice moves its own metrics, log or no log") {
  ControlMetrics metrics;
  note(swim::MemberChanged{}, metrics);
  note(swim::ProbeFailed{}, metrics);
  note(swim::ProbeFailed{}, metrics);
  note(swim::Refuted{}, metrics);
  note(swim::FullSync{"a", false, 1}, metrics);
  note(swim::FullSync{"a", true, 1}, metrics);
  note(swim::FullSync{"a", true, 1}, metrics);
  note(swim::RingInputChanged{}, metrics);
  note(swim::JoinComplete{1}, metrics);
  CHECK(metrics.member_changes.value() == 1);
  CHECK(metrics.ping_failures.value() == 2);
  CHECK(metrics.refutations.value() == 1);
  CHECK(metrics.full_syncs.value() == 1);
  CHECK(metrics.reverse_full_syncs.value() == 2);
  CHECK(metrics.ring_changes.value() == 0);
}
