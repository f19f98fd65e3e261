// An imported search whose objective nobody knows: asks for its direction where that is unknown too.

import { askDirection } from "./metric_directions.js";

askDirection(document.getElementById("id_objective"), document.getElementById("id_direction"));
