// The ring as an immutable value (spec: proto/spec/ringpop.md, ring). Made on the control thread, shared by
// pointer with every worker, never changed: a change makes another one out of it. A lookup is a hash and a
// step or two from where the index points (points.hpp); no lock, no allocation.
//
// Words: a *server* is an entry of the ring. Its *name* is what is hashed (points name#i); without an
// identity of its own the name is the address and the points are address+i, exactly as Ringpop has it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/ids.hpp"
#include "daemon/ring/points.hpp"

namespace ringside::ring {

struct Server {
  std::string name;     // the identity; equal to address when the member has none
  std::string address;  // host:port of its peer listener
  int weight = 1;       // it has so many times the points
  friend auto operator<=>(const Server&, const Server&) = default;
};

class Snapshot {
 public:
  // First server at or after the key's hash, wrapping (spec F.5). Empty ring: nullopt.
  [[nodiscard]] std::optional<MemberId> owner(std::string_view key) const noexcept;
  // The same, of a key that has been hashed.
  [[nodiscard]] std::optional<MemberId> owner_of(std::uint32_t hash) const noexcept;
  // Up to out.size() distinct servers in ring order, the owner first; returns how many.
  std::size_t owners(std::string_view key, std::span<MemberId> out) const noexcept;
  // Where in points() the point stands that owns the hash. There must be a point.
  [[nodiscard]] std::size_t position(std::uint32_t hash) const noexcept { return points_.position(hash); }

  [[nodiscard]] const Server& server(MemberId id) const noexcept { return servers_[id.value]; }
  [[nodiscard]] std::span<const Server> servers() const noexcept { return servers_; }     // sorted by address
  [[nodiscard]] std::span<const Point> points() const noexcept { return points_.all(); }  // sorted by hash
  // Of several with that name the one with the lowest address.
  [[nodiscard]] std::optional<MemberId> find_name(std::string_view name) const noexcept;

  // Ringpop's ring checksum: Fingerprint32 of the sorted names joined by ';'.
  [[nodiscard]] std::uint32_t checksum() const noexcept { return checksum_; }
  // Equal on two nodes means equal owners of all keys: names, weights and points. Ringpop's does not cover
  // the last two.
  [[nodiscard]] std::uint32_t digest() const noexcept { return digest_; }
  // Ringpop-go's `checksums.replica`: Fingerprint32 over "hash-address;" of all points. Computed when asked
  // for: its text has some 27 bytes a point.
  [[nodiscard]] std::uint32_t replica_checksum() const;
  // Counts the changes of the ring on this node, from 1. Not comparable between nodes.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }
  // Share of the hash space a server owns, in millionths.
  [[nodiscard]] std::uint32_t share_ppm(MemberId id) const noexcept;

 private:
  friend std::shared_ptr<const Snapshot> build(std::vector<Server>, std::uint32_t, std::uint64_t);
  friend std::shared_ptr<const Snapshot> change(const Snapshot&, std::vector<Server>, std::uint64_t);
  std::vector<Server> servers_;
  std::vector<MemberId> by_name_;  // sorted by name, then id
  Points points_;
  std::vector<std::uint64_t> owned_;  // hashes of each server; a list of all members asks for all of them
  std::uint32_t points_each_ = 0;
  std::uint32_t checksum_ = 0;
  std::uint32_t digest_ = 0;
  std::uint64_t version_ = 0;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

// `points` per server and weight (100 at weight 1 agrees with every Ringpop). Servers may come in any order;
// two with one address: the first is kept. Order of points: hash, then address bytewise, then index.
SnapshotPtr build(std::vector<Server> servers, std::uint32_t points, std::uint64_t version);

// The ring of these servers, all of them, equal to one built anew with as many points each. What the ring
// before knows of those that stay is taken over, so the fewer come the quicker it is.
SnapshotPtr change(const Snapshot& before, std::vector<Server> servers, std::uint64_t version);

}  // namespace ringside::ring
