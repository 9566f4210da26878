// Newcomers of whom gossip alone has told. They stand in the list like any other, and in its checksum, but
// own no keys: a peer gone mad can name members at addresses where nobody is, and whoever believed it would
// send requests there. So each is pinged out of turn, at once, and is in the ring when it has answered. That
// is one ping from each member for each newcomer, which the rotation would have sent as well, in its time.
// Whoever does not answer is asked again, ever more rarely, and meets the rotation, which finds it dead.
// As long as its first ping is under way, a member of the same name that is declared dead holds its place:
// one that has come back elsewhere says both things of itself in one message, and no key should move for
// that.
//
// It only keeps the times; node_probe.cpp pings. Control thread only.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/time.hpp"

namespace ringside::swim {

class Unverified {
 public:
  explicit Unverified(std::size_t at_once) : at_once_(at_once) {}

  void add(Instant now, const std::string& address);
  // Whom to ping now; asked until there is nobody.
  [[nodiscard]] std::optional<std::string> take(Instant now);
  void failed(Instant now, std::string_view address);  // the ping that take() asked for
  // It was reached, somebody we believe vouched for it, or it is forgotten. Whether it was here.
  bool remove(Instant now, std::string_view address);

  [[nodiscard]] Instant next_deadline() const;
  // It has not kept silent yet.
  [[nodiscard]] bool is_promising(std::string_view address) const;
  [[nodiscard]] bool contains(std::string_view address) const { return entries_.contains(address); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Instant next{};
    Duration pause{};
    bool pinging = false;
  };
  void end_ping(Instant now, Entry& entry);

  std::size_t at_once_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::set<std::pair<Instant, std::string>> due_;  // of those that are not being pinged
  Instant freed_{};  // when there was room for another ping, last: nobody is due before that
};

}  // namespace ringside::swim
