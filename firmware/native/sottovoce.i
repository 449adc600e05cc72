// SPDX-License-Identifier: GPL-3.0-or-later
// The SWIG module: pjsua2 as its makers wrap it, and what Sottovoce adds.
%module(directors="1") pjsua2

%{
#include "sottovoce.hpp"
#include "disclosure.hpp"
#include "watchers.hpp"
#include "zrtp.hpp"
#include "loudness.hpp"
#include "refer.hpp"
#include "tls.hpp"
#include "identity.hpp"
#include "finding.hpp"
#include "text.hpp"
%}

%include "pjsua2.i"
%include "sottovoce.hpp"
%include "disclosure.hpp"
%include "zrtp.hpp"
%include "loudness.hpp"
%include "refer.hpp"
%include "text.hpp"

%feature("director") pj::Watchers;
%include "watchers.hpp"

%include "tls.hpp"

%feature("director") pj::Prover;
%include "identity.hpp"

%feature("director") pj::Finder;
%include "finding.hpp"
