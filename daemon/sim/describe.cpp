// See describe.hpp.
#include "daemon/sim/describe.hpp"

#include <optional>

namespace ringside::sim {
namespace {

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::uint64_t pack(std::uint32_t checksum, std::size_t records) {
  return (std::uint64_t{checksum} << 32) | static_cast<std::uint32_t>(records);
}

std::string counted(const char* what, std::size_t records) {
  return std::string(what) + " with " + std::to_string(records) + " changes";
}

std::string word(std::optional<ringpop::Status> status) {
  return status ? std::string(to_string(*status)) : "unknown";
}

}  // namespace

std::uint64_t fingerprint(const ringpop::Request& request) {
  return std::visit(
      Overloaded{
          [](const ringpop::Join& join) { return static_cast<std::uint64_t>(join.incarnation); },
          [](const ringpop::Ping& ping) { return pack(ping.checksum, ping.changes.size()); },
          [](const ringpop::PingReq& ping_req) { return pack(ping_req.checksum, ping_req.changes.size()); }},
      request);
}

std::uint64_t fingerprint(const ringpop::Response& response) {
  return std::visit(
      Overloaded{[](const ringpop::JoinResponse& join) {
                   return pack(join.membership_checksum, join.membership.size());
                 },
                 [](const ringpop::PingResponse& ping) { return pack(ping.checksum, ping.changes.size()); },
                 [](const ringpop::PingReqResponse& ping_req) {
                   return pack(ping_req.ping_status + 2U * ping_req.refused, ping_req.changes.size());
                 },
                 [](const ringpop::Rejection& rejection) { return std::uint64_t{rejection.type.size()}; }},
      response);
}

std::string describe(const ringpop::Request& request) {
  return std::visit(Overloaded{[](const ringpop::Join&) { return std::string("join"); },
                               [](const ringpop::Ping& ping) { return counted("ping", ping.changes.size()); },
                               [](const ringpop::PingReq& ping_req) {
                                 return counted("ping-req", ping_req.changes.size()) + " for " +
                                        ping_req.target;
                               }},
                    request);
}

std::string describe(const ringpop::Response& response) {
  return std::visit(
      Overloaded{
          [](const ringpop::JoinResponse& join) { return counted("join answer", join.membership.size()); },
          [](const ringpop::PingResponse& ping) { return counted("ping answer", ping.changes.size()); },
          [](const ringpop::PingReqResponse& ping_req) {
            return counted("ping-req answer", ping_req.changes.size()) +
                   (ping_req.ping_status ? ", reached "
                    : ping_req.refused   ? ", was refused by "
                                         : ", did not reach ") +
                   ping_req.target;
          },
          [](const ringpop::Rejection& rejection) { return "refusal " + rejection.type; }},
      response);
}

std::string describe(const swim::Notice& notice) {
  return std::visit(
      Overloaded{
          [](const swim::MemberChanged& m) {
            return m.address + " " + word(m.before) + " -> " + word(m.after) + " at " +
                   std::to_string(m.incarnation) + ", says " + m.source;
          },
          [](const swim::RingInputChanged&) { return std::string("ring changed"); },
          [](const swim::JoinRound& round) {
            return "join round: asked " + std::to_string(round.asked) + ", joined " +
                   std::to_string(round.joined) + (round.last_error.empty() ? "" : ", " + round.last_error);
          },
          [](const swim::JoinComplete& join) { return "joined through " + std::to_string(join.joined); },
          [](const swim::ProbeFailed& probe) { return "no answer from " + probe.target; },
          [](const swim::ProbeInconclusive& probe) { return "nobody can say anything of " + probe.target; },
          [](const swim::DeathProved& death) {
            return "proved the death of " + death.address + " at " + std::to_string(death.incarnation) +
                   " with " + std::to_string(death.witnesses) + " witnesses";
          },
          [](const swim::Refuted& refuted) { return "refuted with " + std::to_string(refuted.incarnation); },
          [](const swim::FullSync& sync) {
            return (sync.reverse ? "full sync from " : "full sync to ") + sync.peer + " of " +
                   std::to_string(sync.members);
          },
          [](const swim::Damped& damped) {
            return "damps itself at " + std::to_string(damped.score) + " points for " +
                   std::to_string(damped.millis) + " ms";
          },
          [](const swim::DampingEnded&) { return std::string("is damped no longer"); },
          [](const swim::NameConflict& conflict) {
            return "name " + conflict.name + " is also used by " + conflict.other_address;
          },
          [](const swim::HealDue&) { return std::string("looks for lost partitions"); },
          [](const swim::HealEnded& heal) {
            return "heal: reached " + std::to_string(heal.reached) + ", failed " +
                   std::to_string(heal.failed) + (heal.last_error.empty() ? "" : ", " + heal.last_error);
          },
          [](const swim::OtherDialect& dialect) {
            return dialect.peer + " speaks " + (dialect.peer_is_go ? "go" : "node") + " checksums";
          },
          [](const swim::Overslept& overslept) {
            return "overslept by " + std::to_string(overslept.millis) + " ms";
          },
          [](const swim::ChangesRefused& refused) {
            return "refused changes: " + std::to_string(refused.above_cap) + " above the cap, " +
                   std::to_string(refused.ahead_of_time) + " ahead of time, " +
                   std::to_string(refused.bad_address) + " with a bad address, " +
                   std::to_string(refused.too_many_new) + " new ones too many";
          }},
      notice);
}

}  // namespace ringside::sim
