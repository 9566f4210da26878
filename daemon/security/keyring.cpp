#include "daemon/security/keyring.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::security {
namespace {

constexpr std::string_view version_line = "ringside-keyring 1";

std::vector<std::string> ids_of(const ClusterKeys& keys) {
  std::vector<std::string> ids;
  for (const auto& key : keys) ids.push_back(key.id);
  return ids;
}

// The next line of a text, without its end; the text goes on behind it.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  const auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// What stands behind the word that a line begins with. False: it begins with another.
bool behind(std::string_view word, std::string_view& line) {
  if (!line.starts_with(word)) return false;
  line.remove_prefix(word.size());
  return true;
}

std::string sum_line(std::string_view lines) {
  return "sha256 " + hex(sha256(lines)) + "\n";
}

}  // namespace

std::vector<std::string> Keyring::ids() const {
  return ids_of(keys_);
}

Result<void, std::string> Keyring::install(const ClusterKey& key) {
  const auto known = std::ranges::find(keys_, key.id, &ClusterKey::id);
  if (known != keys_.end()) {
    if (known->bytes == key.bytes) return {};
    return "another key has the id " + key.id + " already; make a new one";
  }
  if (keys_.size() >= limits::cluster_keys)
    return "it has " + std::to_string(limits::cluster_keys) +
           " keys, which is all it takes; remove one first";
  keys_.push_back(key);
  return {};
}

Result<void, std::string> Keyring::use(std::string_view id) {
  const auto found = std::ranges::find(keys_, id, &ClusterKey::id);
  if (found == keys_.end()) return "it has no key " + std::string(id) + "; install that first";
  std::rotate(keys_.begin(), found, found + 1);
  return {};
}

Result<void, std::string> Keyring::remove(std::string_view id) {
  const auto found = std::ranges::find(keys_, id, &ClusterKey::id);
  if (found == keys_.end()) return {};
  if (found == keys_.begin()) return "it dials with the key " + std::string(id) + "; use another one first";
  keys_.erase(found);
  return {};
}

std::string to_text(const StoredKeyring& stored) {
  std::string text = std::string(version_line) + "\n";
  for (const auto& id : stored.file_ids) text += "file " + id + "\n";
  for (const auto& key : stored.keys) text += "key " + hex(key.bytes) + "\n";
  return text + sum_line(text);
}

Result<StoredKeyring, std::string> parse_stored_keyring(std::string_view text) {
  const auto last = text.rfind("sha256 ");
  if (last == std::string_view::npos || text.substr(last) != sum_line(text.substr(0, last)))
    return std::string("its checksum is wrong, so it was cut or edited");
  std::string_view rest = text.substr(0, last);
  if (take_line(rest) != version_line) return std::string("it was written by another version of ringside");
  StoredKeyring stored;
  std::string keys;
  while (!rest.empty()) {
    auto line = take_line(rest);
    if (behind("file ", line))
      stored.file_ids.emplace_back(line);
    else if (behind("key ", line))
      keys += std::string(line) + "\n";
    else
      return std::string("it holds a line that this version of ringside does not know");
  }
  auto parsed = parse_cluster_keys(keys);
  if (!parsed) return std::move(parsed).error();
  stored.keys = std::move(*parsed);
  return stored;
}

bool counts(const StoredKeyring& stored, const ClusterKeys& file) {
  return stored.file_ids == ids_of(file);
}

}  // namespace ringside::security
