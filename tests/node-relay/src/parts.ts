// Parts that are fetched again by their ids alone: everything with an id is a Node.
import { graphql } from "relay-runtime";

export const hop = graphql`
  fragment partsHop on Hop @refetchable(queryName: "partsHopRefetchQuery") {
    id
    kind
    state
    from {
      id
      label
    }
    to {
      id
      label
    }
    dispatched {
      amount
      currency
    }
    acknowledged {
      amount
    }
    entries {
      index
      signers {
        custody
      }
    }
  }
`;

export const token = graphql`
  fragment partsToken on Token @refetchable(queryName: "partsTokenRefetchQuery") {
    amount {
      amount
      currency
    }
    statement {
      held {
        amount
      }
    }
    trace {
      ...partsHop
    }
  }
`;

export const anything = graphql`
  fragment partsAnything on Node @refetchable(queryName: "partsAnythingRefetchQuery") {
    id
    ... on Programme {
      code
      cycles {
        label
      }
    }
    ... on Operation {
      status
      refusal {
        code
      }
    }
  }
`;
