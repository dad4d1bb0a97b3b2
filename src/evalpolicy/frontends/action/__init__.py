"""What the composite action (action.yml) runs: from its inputs to one check and its reports."""
