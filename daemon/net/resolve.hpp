// Seeds, as an operator writes them, to addresses that can be dialled:
//
//   host:port        a literal or a name (its IPv4 addresses; IPv6 ones when there are no others); port 7601
//   if absent dns://name:port  every A and AAAA address of the name srv://name       the targets and ports of
//   its SRV records, e.g. srv://_ringside._tcp.example.org file:path        a file with addresses, one a line
//   or as Ringpop's hosts.json: ["10.0.0.1:7601", ...]
//
// Lives in the thread of its io_context. Names are looked up by a short-lived helper thread each, since the
// system's resolver blocks; it answers through a socket pair and shares nothing, so a stuck resolver holds up
// neither us nor our end. What has not answered in time is reported as failed, the rest is used.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::net {

struct Resolved {
  std::vector<std::string> addresses;                         // ip:port, each once, in the order of the seeds
  std::vector<std::pair<std::string, std::string>> failures;  // seed, why it gave nothing (one sentence)
};

inline constexpr std::uint16_t default_peer_port = 7601;

class SeedResolver {
 public:
  using Done = std::function<void(Resolved)>;
  SeedResolver(boost::asio::io_context&, Duration time_limit);
  ~SeedResolver();  // nothing is called after it
  SeedResolver(const SeedResolver&) = delete;
  SeedResolver& operator=(const SeedResolver&) = delete;

  // One at a time: a second call gives up the first. `done` comes from the loop, never from inside.
  void resolve(const std::vector<std::string>& seeds, Done done);

 private:
  struct Round;
  boost::asio::io_context& io_;
  Duration time_limit_;
  std::shared_ptr<Round> round_;
};

// The addresses in the text of a seed file. Ringpop's hosts hold none of the characters of JSON's syntax, so
// that is skipped like white space and both forms are one; '#' starts a comment.
std::vector<std::string> seeds_in_file(std::string_view text);

}  // namespace ringside::net
