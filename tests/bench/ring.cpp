// One round of the ring benchmark: for rings of several sizes, what a lookup and a change of one member cost,
// and what the ring takes in memory. The functions measured are the daemon's own, called as it calls them.
//
//   bench_ring SECONDS      for each single measurement; prints one line of JSON for each size
//
// Keys are 65,536 of the kinds that people use, 10 to 30 bytes, so that no ring of these sizes is looked up
// in its cached part alone. Changes take members out and in by turns; the median is reported, because a
// change is rare: nobody waits for a thousand of them.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/ring/hash.hpp"
#include "daemon/ring/snapshot.hpp"
#include "daemon/swim/checksum.hpp"
#include "daemon/swim/ring_input.hpp"

namespace {

using namespace ringside;
using Clock = std::chrono::steady_clock;

constexpr std::uint32_t points = 100;
constexpr std::size_t owners_wanted = 3;
constexpr std::size_t key_count = 1 << 14;

volatile std::uint64_t kept;  // results go here, so that none is optimised away

double ns_since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

// One behind the other, as long as `text` lives: what a key's bytes cost to fetch is not the ring's.
std::vector<std::string_view> make_keys(std::string& text) {
  constexpr std::string_view hex = "0123456789abcdef";
  Rng rng(1);
  std::vector<std::size_t> ends;
  for (std::size_t i = 0; i < key_count; ++i) {
    switch (i % 4) {
      case 0: text += "user:" + std::to_string(10'000 + rng.below(100'000'000)); break;
      case 1: text += "order/2024/" + std::to_string(1'000'000 + rng.below(1'000'000'000)); break;
      case 2: text += "tenant-" + std::to_string(10 + rng.below(90)) + ":cart:"; break;
      case 3: text += "session:"; break;
    }
    if (i % 4 >= 2)
      for (int digit = 0; digit < 14; ++digit) text += hex[static_cast<std::size_t>(rng.below(16))];
    ends.push_back(text.size());
  }
  std::vector<std::string_view> keys;
  std::size_t begin = 0;
  for (const std::size_t end : ends) {
    keys.push_back(std::string_view(text).substr(begin, end - begin));
    begin = end;
  }
  return keys;
}

// Calls `ask(i)` for whole rounds over all keys, the first of them to warm up; nanoseconds for one.
template <class Ask>
double ns_each(double seconds, Ask ask) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < key_count; ++i) sum += ask(i);
  const auto start = Clock::now();
  std::size_t asked = 0;
  while (ns_since(start) < seconds * 1e9) {
    for (std::size_t i = 0; i < key_count; ++i) sum += ask(i);
    asked += key_count;
  }
  kept = sum;
  return ns_since(start) / static_cast<double>(asked);
}

// Milliseconds, the median. `run` gets the number of the change and times itself.
template <class Run>
double median_ms(double seconds, Run run) {
  std::vector<double> times;
  const auto start = Clock::now();
  while (times.size() < 3 || ns_since(start) < seconds * 1e9) times.push_back(run(times.size()) / 1e6);
  std::nth_element(times.begin(), times.begin() + std::ssize(times) / 2, times.end());
  return times[times.size() / 2];
}

std::vector<swim::MemberRow> make_members(std::size_t count) {
  std::vector<swim::MemberRow> members;
  for (std::size_t i = 0; i < count; ++i) {
    swim::MemberRow row;
    row.name = "host-" + std::to_string(i);
    row.address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":7601";
    row.incarnation = 1'700'000'000'000 + static_cast<std::int64_t>(i);
    row.labels = {{"__identity", row.name}};
    members.push_back(std::move(row));
  }
  std::sort(members.begin(), members.end(),
            [](const auto& a, const auto& b) { return a.address < b.address; });
  return members;
}

std::uint32_t membership_checksum(const std::vector<swim::MemberRow>& members) {
  std::vector<swim::ChecksumLine> lines;
  lines.reserve(members.size());
  for (const auto& row : members) lines.push_back({row.address, {row.status, row.incarnation, 1}});
  return swim::checksum_of(std::move(lines), swim::ChecksumDialect::go);
}

std::size_t bytes_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The members by turns without one of them, each time another, and with all.
class Changes {
 public:
  explicit Changes(std::vector<swim::MemberRow> members) : members_(std::move(members)) {}

  const std::vector<swim::MemberRow>& next(std::size_t number) {
    swim::MemberRow& victim = members_[number / 2 * 7919 % members_.size()];  // a prime: all over the list
    victim.status = number % 2 == 0 ? ringpop::Status::faulty : ringpop::Status::alive;
    return members_;
  }

 private:
  std::vector<swim::MemberRow> members_;
};

void report(std::string_view what, double value) {
  std::cout << ",\"" << what << "\":" << value;
}

void lookups(const ring::Snapshot& ring, std::span<const std::string_view> keys, double seconds) {
  report("hash_ns", ns_each(seconds, [&](std::size_t i) { return ring::fingerprint32(keys[i]); }));
  report("lookup_ns", ns_each(seconds, [&](std::size_t i) { return ring.owner(keys[i])->value; }));
  // Each key is chosen by the answer before, so no two lookups overlap: what a request waits for its own.
  std::size_t at = 0;
  report("alone_ns", ns_each(seconds, [&](std::size_t) {
           at = (at + 1 + (ring.owner(keys[at])->value & 1)) % key_count;
           return at;
         }));
  report("lookup3_ns", ns_each(seconds, [&](std::size_t i) {
           std::array<MemberId, owners_wanted> owners;
           const std::size_t found = ring.owners(keys[i], owners);
           return owners[found - 1].value;
         }));
}

// Each time the new ring takes the place of the old one, which goes: that is part of a change.
void changes(const std::vector<swim::MemberRow>& members, double seconds) {
  report("build_ms", median_ms(seconds, [&](std::size_t) {
           auto servers = swim::ring_servers(members);
           const auto start = Clock::now();
           kept = ring::build(std::move(servers), points, 1)->checksum();
           return ns_since(start);
         }));
  Changes some(members);
  auto ring = ring::build(swim::ring_servers(members), points, 1);
  const auto timed = [&](std::size_t number, auto&& rest) {
    auto servers = swim::ring_servers(some.next(number));
    const auto start = Clock::now();
    ring = ring::change(*ring, std::move(servers), ring->version() + 1);
    kept = ring->checksum() + rest();
    return ns_since(start);
  };
  report("change_ms",
         median_ms(seconds, [&](std::size_t number) { return timed(number, [] { return 0U; }); }));
  report("change_replica_ms", median_ms(seconds, [&](std::size_t number) {
           return timed(number, [&] { return ring->replica_checksum(); });
         }));
  report("node_ms", median_ms(seconds, [&](std::size_t number) {
           const auto& now = some.next(number);
           const auto start = Clock::now();
           ring = ring::change(*ring, swim::ring_servers(now), ring->version() + 1);
           kept = ring->checksum() + membership_checksum(now);
           return ns_since(start);
         }));
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc == 2 ? std::atof(argv[1]) : 0;
  if (seconds <= 0) {
    std::cerr << "usage: bench_ring SECONDS\n";
    return 2;
  }
  std::string text;
  const auto keys = make_keys(text);
  for (const std::size_t count : {10U, 100U, 1000U}) {
    const auto members = make_members(count);
    const std::size_t before = bytes_in_use();
    const auto ring = ring::build(swim::ring_servers(members), points, 1);
    std::cout << "{\"members\":" << count;
    report("kib", static_cast<double>(bytes_in_use() - before) / 1024);
    lookups(*ring, keys, seconds);
    changes(members, seconds);
    std::cout << "}\n";
  }
  return 0;
}
