// libcurl's setters are variadic macros, which Swift cannot call: one typed function for each kind of argument.
#pragma once
#include <curl/curl.h>
