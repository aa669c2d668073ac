// Why: the names that a user or the configuration gives become sources that can be asked.
// Thread: any; plain values.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "http/client.h"
#include "ipld/cid.h"
#include "peers/network_watch.h"
#include "util/file.h"

namespace eai::peers {

struct Sources {
  // Files named by CID: shipped with the program, on a USB stick. Asked before any gateway.
  std::vector<fs::path> block_folders;
  // Base URLs, your own and those of the LAN first: "https://host", "http://192.168.1.7:8080", "https://host/path";
  // "file:///path" is a block folder. Plain http goes to private addresses only (http/client.h).
  std::vector<std::string> gateways;
};

// How sources are asked.
struct Options {
  int parallel_requests = 16;
  int max_retries = 5;                         // per piece and source
  bool offline = false;                        // block folders and file:// only: no socket is opened
  bool plain_http_anywhere = false;            // the configuration says so
  std::chrono::milliseconds retry_delay{500};  // before the first repeat (patience.h)
  std::chrono::milliseconds stall_timeout{30'000};
  std::shared_ptr<NetworkWatch> network = std::make_shared<NetworkWatch>();  // shared by all that one job asks
};

struct Source {
  enum class Kind { folder, gateway };
  Kind kind = Kind::gateway;
  std::string name;  // for people: the host, or the folder
  std::string base;  // gateway: URL without a slash at the end
  fs::path folder;
};

// Folders first, then gateways in their order, each once; offline only the folders. Code::invalid for a URL that is
// not http, https or file, or that holds a user name or password (they would end up in errors and logs).
Result<std::vector<Source>> make_sources(const Sources& sources, const Options& options);

// How a gateway can be asked for the bytes of a CID. The bytes are checked anyway, so either form will do.
enum class Form {
  raw_block,  // ?format=raw: the block itself (trustless gateways)
  file,       // the content, put together by the gateway
};
http::Request request_for(const Source& source, const ipld::Cid& cid, Form form, const Options& options);

}  // namespace eai::peers
