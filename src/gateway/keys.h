// Why: who may listen where, and with which keys; asked by `cli` before it opens a port.
// Thread: any.
// What holds: no message shows a key.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::gateway {

// One key per line; blank lines and lines that begin with '#' are skipped. Code::invalid: others than the owner may read
// the file, it holds no key, or a line is no key (at least 16 visible ASCII characters).
Result<std::vector<std::string>> load_keys(const fs::path& file);

// "localhost", "127.1.2.3", "::1".
bool is_loopback(std::string_view host);

enum class Auth { when_exposed, never };

// Code::invalid: `host` can be reached from other machines and no key guards it.
Result<void> check_exposure(std::string_view host, const std::vector<std::string>& keys, Auth auth);

}  // namespace eai::gateway
