#!/usr/bin/env bash
# Build the application in this folder with ExaHyPE's toolkit.
#
#   EXAHYPE_PATH=/path/to/ExaHyPE ./build.sh
#
# Variables: EXAHYPE_PATH (needed), COMPILER (GNU), MODE (Release), SHAREDMEM (None), DISTRIBUTEDMEM
# (MPI if mpicxx is there, otherwise None), JOBS (number of cores), NETCDF_CFLAGS and NETCDF_LIBS (as
# nc-config says).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "error: $*" >&2
    exit 1
}

exahype=${EXAHYPE_PATH-}
[ -n "$exahype" ] || fail "set EXAHYPE_PATH to your checkout of ExaHyPE, with Toolkit/ and ExaHyPE/"
[ -d "$exahype" ] || fail "EXAHYPE_PATH $exahype: no such folder"
exahype=$(cd "$exahype" && pwd)
[ -x "$exahype/Toolkit/toolkit.sh" ] || fail "EXAHYPE_PATH $exahype holds no Toolkit/toolkit.sh"
[ -d "$exahype/Peano/peano/" ] ||
    fail "$exahype holds no Peano/peano: get it with Submodules/updateSubmodules.sh"
case "$here$exahype" in
    *[[:space:]]*) fail "ExaHyPE's makefiles know no spaces in paths: $here, $exahype" ;;
esac
if [ -z "${NETCDF_LIBS-}" ]; then
    command -v nc-config >/dev/null ||
        fail "no nc-config: install NetCDF for C (libnetcdf-dev), or set NETCDF_CFLAGS and NETCDF_LIBS"
    NETCDF_CFLAGS=${NETCDF_CFLAGS-$(nc-config --cflags)}
    NETCDF_LIBS=$(nc-config --libs)
fi
if [ -z "${DISTRIBUTEDMEM-}" ]; then
    if command -v mpicxx >/dev/null; then DISTRIBUTEDMEM=MPI; else DISTRIBUTEDMEM=None; fi
fi
export DISTRIBUTEDMEM COMPILER=${COMPILER-GNU} MODE=${MODE-Release} SHAREDMEM=${SHAREDMEM-None}
export CPP_STANDARD=${CPP_STANDARD-c++17}
export PROJECT_CFLAGS="${PROJECT_CFLAGS-} ${NETCDF_CFLAGS-}"
export PROJECT_LFLAGS="${PROJECT_LFLAGS-} $NETCDF_LIBS"
if [ "$DISTRIBUTEDMEM" = MPI ]; then
    PROJECT_CFLAGS+=" -include $here/mpi1.h"
    if [ "$COMPILER" = GNU ]; then export EXAHYPE_CC=${EXAHYPE_CC-mpicxx}; fi
fi

cd "$here"
python3 - exacouple.exahype2 "$here" >build.exahype2 <<'PYTHON'
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    specfile = json.load(file)
specfile["paths"]["output_directory"] = sys.argv[2]
json.dump(specfile, sys.stdout, indent=2)
PYTHON
"$exahype/Toolkit/toolkit.sh" "$here/build.exahype2" || fail "ExaHyPE's toolkit has failed"
make -j"${JOBS-$(nproc)}"
[ -x ExaHyPE-exacouple ] || fail "make has left no ExaHyPE-exacouple"
echo "built $here/ExaHyPE-exacouple"
