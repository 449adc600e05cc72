"""An update shown on the page: releases made here and now; the real updater takes, tries and undoes them."""
