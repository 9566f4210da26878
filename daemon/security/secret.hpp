// What secrets have in common: where they are read from and who may read them there, fresh ones, digests, and
// comparing without telling by the time how much was right. Any thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"

namespace ringside::security {

// A secret's file, at most limits::secret_file_bytes. Refused: one that everybody on the machine may read, or
// that others may change. A pipe will do (/dev/fd/3, a shell's <(...)): it is read to its end, at most for
// limits::secret_pipe_time. The error is one sentence with the file, the cause and the remedy.
struct SecretText {
  std::string text;
};
[[nodiscard]] Result<SecretText, std::string> read_secret_file(const std::string& path);

// The same for a file that is no secret: whoever may read it.
[[nodiscard]] Result<SecretText, std::string> read_public_file(const std::string& path);

// Why a file with this mode keeps no secret; empty: it does. On a read-only mount the mode is that of the
// platform which put it there (Compose and Kubernetes: 0444, 0644) and nobody can change it, so it is not
// judged (decisions/0041).
[[nodiscard]] std::string mode_fault(mode_t mode, bool read_only_mount, const std::string& path);

// Lines with their numbers from 1, without surrounding blanks; empty ones and those that start with # are
// left out. Views into `text`.
[[nodiscard]] std::vector<std::pair<std::size_t, std::string_view>> secret_lines(std::string_view text);

using Digest = std::array<unsigned char, 32>;
[[nodiscard]] Digest sha256(std::string_view bytes);
[[nodiscard]] Digest hmac_sha256(std::string_view secret, std::string_view bytes);  // RFC 2104
[[nodiscard]] bool equal(const Digest&, const Digest&) noexcept;  // takes the same time whatever differs
[[nodiscard]] std::string hex(std::span<const unsigned char>);

void fill_random(std::span<unsigned char>);  // from the system's generator; ends the process if it has failed
template <std::size_t size>
[[nodiscard]] std::array<unsigned char, size> random_bytes() {
  std::array<unsigned char, size> bytes;
  fill_random(bytes);
  return bytes;
}

}  // namespace ringside::security
