// The cluster keys of one member as a value: the first is dialled with, all are accepted, and each can be
// changed by one of three steps. Also the file in node.data_dir that keeps them over a restart. Pure: nothing
// is read or written here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/security/cluster_key.hpp"

namespace ringside::security {

// One to limits::cluster_keys keys, no id twice. A step that would change nothing is no error; one that is
// refused changes nothing, and its error is one sentence that repeats nothing of a key.
class Keyring {
 public:
  explicit Keyring(ClusterKeys keys) : keys_(std::move(keys)) {}  // as parse_cluster_keys() gives them

  [[nodiscard]] Result<void, std::string> install(const ClusterKey&);   // behind the others
  [[nodiscard]] Result<void, std::string> use(std::string_view id);     // before the others
  [[nodiscard]] Result<void, std::string> remove(std::string_view id);  // unless it is the first

  [[nodiscard]] const ClusterKeys& keys() const noexcept { return keys_; }
  [[nodiscard]] std::vector<std::string> ids() const;

 private:
  ClusterKeys keys_;
};

// What is kept: the keys, and which ones security.cluster_key_file held meanwhile.
struct StoredKeyring {
  ClusterKeys keys;
  std::vector<std::string> file_ids;
};
// The text has a version, named lines and a checksum. The error is one sentence.
[[nodiscard]] std::string to_text(const StoredKeyring&);
[[nodiscard]] Result<StoredKeyring, std::string> parse_stored_keyring(std::string_view text);

// Whether the stored keys count: as long as the key file holds the keys that it held when they were stored.
// Who has edited the file since wants what stands there.
[[nodiscard]] bool counts(const StoredKeyring&, const ClusterKeys& file);

}  // namespace ringside::security
